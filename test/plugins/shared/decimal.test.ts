import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { integerOf, notAnAmount, plainDecimal, roundHalfEven } from "../../../plugins/shared/decimal.ts";

test.each([
  ["30", "30"],
  ["-12.50", "-12.50"],
  ["3.05e1", "30.5"],
  ["1.0e+20", "100000000000000000000"],
  ["9.0e-05", "0.000090"],
  ["12345678901234567.89E0", "12345678901234567.89"],
  ["-1E-2", "-0.01"],
  ["0e999999999", "0"],
  ["-0.0e-7", "0"],
  // Zero of eight decimals as Python prints it, Oracle's and others' habits, and a padded column.
  ["0E-8", "0"],
  ["1E+3", "1000"],
  [".5", "0.5"],
  ["-.5", "-0.5"],
  ["+30", "30"],
  ["5.", "5"],
  ["5.e1", "50"],
  ["30.50   ", "30.50"],
  ["\t30.50\r\n", "30.50"],
])("%s is %s", (text, plain) => {
  expect(plainDecimal(text)).toBe(plain);
});

test.each([
  "",
  ".",
  "-",
  "+-1",
  "- 1",
  "1 0",
  "1..",
  "1e",
  "e1",
  "1e1.5",
  "NaN",
  "Infinity",
  "0x10",
  "1_0",
  "1,5",
  "١",
])("%p is not a number", (text) => {
  expect(plainDecimal(text)).toBeUndefined();
});

test.each(["1e101", "1e-101", "1e999999999999", "-1e-999999999999", "1".repeat(101), "1.5e-98"])(
  "%s would be too long",
  (text) => {
    expect(plainDecimal(text)).toBeUndefined();
  },
);

/** A decimal as an integer and a power of ten, by another road than the one under test. */
function scaled(plain: string): { units: bigint; decimals: number } {
  const [integer = "", fraction = ""] = plain.split(".");
  return { units: BigInt(integer + fraction), decimals: fraction.length };
}

test("keeps the value exactly, whatever the exponent", () => {
  const parts = fc.record({
    sign: fc.constantFrom("", "-"),
    integer: fc.stringMatching(/^\d{1,20}$/),
    fraction: fc.stringMatching(/^\d{1,20}$/),
    exponent: fc.integer({ min: -40, max: 40 }),
  });
  fc.assert(
    fc.property(parts, ({ sign, integer, fraction, exponent }) => {
      const plain = plainDecimal(`${sign}${integer}.${fraction}e${exponent}`);
      expect(plain).toMatch(/^-?\d+(\.\d+)?$/);
      const actual = scaled(plain ?? "");
      const units = BigInt(`${sign}${integer}${fraction}`);
      const decimals = fraction.length - exponent;
      // units / 10^decimals on both sides, brought to the same positive power of ten.
      const shift = 100;
      expect(actual.units * 10n ** BigInt(shift - actual.decimals)).toBe(
        units * 10n ** BigInt(shift - decimals),
      );
    }),
  );
});

test("leaves a number without an exponent as it is", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^-?\d{1,30}(\.\d{1,30})?$/), (text) => {
      expect(plainDecimal(text)).toBe(text);
    }),
  );
});

test.each([
  ["30,50", "a text with a comma"],
  ["1.234,56", "a text with a comma"],
  ["1,234.56", "a text with a comma"],
  ["-1 234,5", "a text with a comma"],
  ["EUR 30,50", "a text that is not an amount"],
  ["thirty", "a text that is not an amount"],
  ["1.234.567", "a text that is not an amount"],
  [" \t", "an empty text"],
  ["1e999", "a number of too many digits"],
  [`${"1".repeat(101)} `, "a number of too many digits"],
])("%j is %s", (text, kind) => {
  expect(plainDecimal(text)).toBeUndefined();
  expect(notAnAmount(text)).toBe(kind);
});

test.each([
  ["0.30000000000000004", 2, "0.30"],
  ["0.125", 2, "0.12"],
  ["0.135", 2, "0.14"],
  ["0.1250000000001", 2, "0.13"],
  ["-0.5", 0, "-0"],
  ["-1.5", 0, "-2"],
  ["99.995", 2, "100.00"],
  ["30", 2, "30"],
  ["0.00000015", 4, "0.0000"],
])("%s to %d decimals is %s", (plain, decimals, rounded) => {
  expect(roundHalfEven(plain, decimals)).toBe(rounded);
});

function inUnitsOf12Decimals(text: string): bigint {
  const [integer = "", fraction = ""] = text.replace("-", "").split(".");
  return BigInt(integer + fraction.padEnd(12, "0"));
}

test("rounding is off by half of the last decimal at the most, and exactly half only to an even one", () => {
  const numbers = fc.stringMatching(/^-?\d{1,12}\.\d{1,12}$/);
  fc.assert(
    fc.property(numbers, fc.integer({ min: 0, max: 12 }), (plain, decimals) => {
      const rounded = roundHalfEven(plain, decimals);
      expect(rounded.split(".")[1]?.length ?? 0).toBeLessThanOrEqual(decimals);
      const step = 10n ** BigInt(12 - decimals);
      const off = inUnitsOf12Decimals(rounded) - inUnitsOf12Decimals(plain);
      const distance = (off < 0n ? -off : off) * 2n;
      expect(distance <= step).toBeTrue();
      if (distance === step && step > 1n) expect((inUnitsOf12Decimals(rounded) / step) % 2n).toBe(0n);
    }),
  );
});

test.each([
  ["3050", 3050n],
  ["-3050.00", -3050n],
  ["1e3", 1000n],
  ["+7 ", 7n],
  ["30.5", undefined],
  ["1e-1", undefined],
  ["30,00", undefined],
  ["", undefined],
] as const)("%j is the integer %p", (text, integer) => {
  expect(integerOf(text)).toBe(integer);
});
