import { expect, test } from "bun:test";
import { isCurrencyCode, knownCurrencies } from "../../src/protocol/currency.ts";
import { ISO_4217_EXPONENTS, WITHDRAWN, WITHOUT_MINOR_UNIT } from "../../src/protocol/iso-4217.ts";

test.each([
  ["EUR", 2],
  ["JPY", 0],
  ["KWD", 3],
  ["CLF", 4],
  // Where the runtime's locale data says something else, or nothing.
  ["UYW", 4],
  ["XAD", 2],
  ["XCG", 2],
  // No minor unit, withdrawn, not there, and what an object would answer for.
  ["XAU", undefined],
  ["BGN", undefined],
  ["BTC", undefined],
  ["eur", undefined],
  ["", undefined],
  ["constructor", undefined],
])("%s has the decimals %p", (currency, exponent) => {
  expect(knownCurrencies({})(currency)).toBe(exponent);
});

test("currencies of one's own are known beside those of ISO 4217", () => {
  const exponentOf = knownCurrencies({ USDT: 6, BTC: 8, BGN: 2 });
  expect(["USDT", "BTC", "BGN", "EUR", "ETH"].map(exponentOf)).toEqual([6, 8, 2, 2, undefined]);
});

test("the published lists: every code has the form of one and stands in one list", () => {
  const codes = [...ISO_4217_EXPONENTS.keys(), ...WITHDRAWN, ...WITHOUT_MINOR_UNIT];
  expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code) || !isCurrencyCode(code))).toEqual([]);
  expect(new Set(codes).size).toBe(codes.length);
  expect([ISO_4217_EXPONENTS.size, WITHOUT_MINOR_UNIT.size, WITHDRAWN.size]).toEqual([165, 13, 129]);
});
