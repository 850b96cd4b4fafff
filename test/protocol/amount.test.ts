import { expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  amountFromMinorUnits,
  canonicalAmount,
  MAX_EXPONENT,
  MAX_SIGNIFICANT_DIGITS,
  minorUnitsFromAmount,
} from "../../src/protocol/amount.ts";

/** Spec 1.4, word for word. */
const CANONICAL = /^(?:0|-?(?:[1-9]\d*|0(?=\.))(?:\.\d*[1-9])?)$/;

const WIDEST = 10n ** BigInt(MAX_SIGNIFICANT_DIGITS) - 1n;
const exponents = fc.integer({ min: 0, max: MAX_EXPONENT });
const minorUnits = fc.bigInt({ min: -WIDEST, max: WIDEST });

test.each([
  ["30", "30"],
  ["30.00", "30"],
  ["30.50", "30.5"],
  ["0.07", "0.07"],
  ["-2", "-2"],
  ["-2.0", "-2"],
  ["0", "0"],
  ["-0", "0"],
  ["-0.000", "0"],
  ["000", "0"],
  ["007.10", "7.1"],
  ["-00.50", "-0.5"],
  ["9007199254740993", "9007199254740993"],
  ["9223372036854775807", "9223372036854775807"],
  ["12345678901234567.89", "12345678901234567.89"],
  ["1".repeat(38), "1".repeat(38)],
  ["-0.12345678901234567890123456789012345678", "-0.12345678901234567890123456789012345678"],
  [`${"9".repeat(19)}.${"9".repeat(19)}`, `${"9".repeat(19)}.${"9".repeat(19)}`],
  [`000${"1".repeat(38)}.000`, "1".repeat(38)],
])("%p is the amount %p", (text, amount) => {
  expect(canonicalAmount(text)).toBe(amount);
});

test.each([
  "",
  " ",
  "abc",
  "NaN",
  "Infinity",
  "-Infinity",
  "null",
  "+1",
  "--1",
  "-",
  ".",
  "-.",
  ".5",
  "1.",
  "1..2",
  "1.2.3",
  " 1",
  "1 ",
  "1\n",
  "\t1",
  "1e3",
  "1E3",
  "0x10",
  "0b1",
  "1_000",
  "1,000",
  "1,5",
  "30 EUR",
  "€30",
  "30n",
  "\u0661",
  "\uff11",
  "\u22121",
  "1\0",
  "1".repeat(39),
  `${"9".repeat(20)}.${"9".repeat(19)}`,
  `0.${"1".repeat(39)}`,
  "1".repeat(100_000),
  "0".repeat(100_000),
])("%p is no amount", (text) => {
  expect(canonicalAmount(text)).toBeUndefined();
});

test("a canonical amount stays as it is", () => {
  fc.assert(
    fc.property(minorUnits, exponents, (units, exponent) => {
      const amount = amountFromMinorUnits(units, exponent);
      expect(amount).toMatch(CANONICAL);
      expect(canonicalAmount(String(amount))).toBe(String(amount));
    }),
  );
});

test("minor units → amount → minor units is the identity, 38 digits wide", () => {
  fc.assert(
    fc.property(minorUnits, exponents, (units, exponent) => {
      expect(minorUnitsFromAmount(String(amountFromMinorUnits(units, exponent)), exponent)).toBe(units);
    }),
  );
});

const decimals = fc
  .tuple(fc.constantFrom("", "-"), fc.stringMatching(/^\d{1,19}$/), fc.stringMatching(/^(\.\d{1,19})?$/))
  .map((parts) => parts.join(""));

test("amount → minor units → amount is the canonical form of the same value", () => {
  fc.assert(
    fc.property(decimals, (text) => {
      const units = minorUnitsFromAmount(text, 19);
      const amount = canonicalAmount(text);
      expect(units).toBeTypeOf("bigint");
      expect(amount).toMatch(CANONICAL);
      expect(amountFromMinorUnits(units ?? 1n, 19)).toBe(String(amount));
      // The value by another road: the digits as an integer, scaled.
      const [integer = "", fraction = ""] = text.split(".");
      expect(units).toBe(BigInt(integer + fraction.padEnd(19, "0")));
    }),
  );
});

test("whatever the text, the answer is a canonical amount or none", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.stringMatching(/^[-+.0-9eE, ]{0,50}$/),
    decimals,
  );
  fc.assert(
    fc.property(texts, (text) => {
      const amount = canonicalAmount(text);
      const isDecimal = /^-?[0-9]+(?:\.[0-9]+)?$/.test(text);
      if (amount === undefined) {
        const digits = text.replace(/[^0-9]/g, "").replace(/^0+/, "");
        expect(isDecimal && digits.length <= MAX_SIGNIFICANT_DIGITS).toBe(false);
      } else {
        expect(isDecimal).toBe(true);
        expect(amount).toMatch(CANONICAL);
      }
    }),
    { numRuns: 200 },
  );
});

test.each([
  [3050n, 2, "30.5"],
  [-1n, 2, "-0.01"],
  [5n, 0, "5"],
  [0n, 3, "0"],
  [9_223_372_036_854_775_807n, 2, "92233720368547758.07"],
  [-9_223_372_036_854_775_808n, 3, "-9223372036854775.808"],
  [1n, 38, `0.${"0".repeat(37)}1`],
])("%p minor units at exponent %p are %p", (units, exponent, amount) => {
  expect(amountFromMinorUnits(units, exponent)).toBe(amount);
});

test.each([
  [1n, -1],
  [1n, 1.5],
  [1n, 39],
  [1n, Number.NaN],
  [1n, Number.POSITIVE_INFINITY],
  [WIDEST + 2n, 2],
  [WIDEST * 10n, 0],
])("%p minor units at exponent %p make no amount", (units, exponent) => {
  expect(amountFromMinorUnits(units, exponent)).toBeUndefined();
});

test.each([
  ["30.505", 2],
  ["1.5", 0],
  ["abc", 2],
  ["", 2],
])("%p has no minor units at exponent %p", (text, exponent) => {
  expect(minorUnitsFromAmount(text, exponent)).toBeUndefined();
});

test("trailing zeros are no decimals", () => {
  expect(minorUnitsFromAmount("30.500", 2)).toBe(3050n);
  expect(minorUnitsFromAmount("7.000", 0)).toBe(7n);
});
