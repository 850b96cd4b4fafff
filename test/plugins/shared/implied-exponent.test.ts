import { expect, test } from "bun:test";
import { addColumn, impliedExponent, setOption } from "../../../plugins/shared/implied-exponent.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";

function implied(currency?: string, remedy = setOption) {
  const warnings: string[] = [];
  const say = (message: string) => void warnings.push(message);
  const log = { debug: say, info: say, warn: say, error: say };
  const exponentOf = knownCurrencies({ USDT: 6, ODD: 1 });
  return { warnings, ...impliedExponent({ exponentOf, currency, log }, remedy) };
}

test.each([undefined, "EUR", ""])("minor units of %p without an exponent have 2", (currency) => {
  expect(implied().of(currency)).toBe(2);
  expect(implied("EUR").of(currency)).toBe(2);
});

test.each([undefined, ""])("of %p they are those of webhook.currency", (currency) => {
  expect(() => implied("KWD").of(currency)).toThrow("KWD has 3 decimals, and exponent is not set");
  expect(implied("KWD").of("EUR")).toBe(2);
});

test.each(["BTC", "kwd"])("of %s, which nobody knows, they are no balance", (currency) => {
  expect(() => implied().of(currency)).toThrow(
    `${currency} is not known, and exponent is not set: say in [currencies] how many decimals ${currency} has, or set exponent`,
  );
  expect(() => implied(undefined, addColumn).of(currency)).toThrow("let `query` yield a column exponent");
});

test.each([
  ["KWD", "KWD has 3 decimals, and exponent is not set: say exponent = 3 if that is so of every player"],
  ["JPY", "JPY has 0 decimals, and exponent is not set: say exponent = 0 if that is so of every player"],
  ["USDT", "USDT has 6 decimals, and exponent is not set: say exponent = 6 if that is so of every player"],
  ["ODD", "ODD has 1 decimal, and exponent is not set: say exponent = 1 if that is so of every player"],
])("of %s they are no balance: it would be wrong by ten or a hundred times", (currency, problem) => {
  expect(() => implied().of(currency)).toThrow(problem);
});

test("a query is told to yield a column", () => {
  const problem =
    "KWD has 3 decimals, and exponent is not set: let `query` yield a column exponent, 3 for KWD";
  expect(() => implied(undefined, addColumn).of("KWD")).toThrow(problem);
});

test("of webhook.currency it is said once", () => {
  const { warn, warnings } = implied("JPY");
  warn();
  warn();
  expect(warnings).toEqual([
    "webhook.currency does not fit the balances: JPY has 0 decimals, and exponent is not set: say exponent = 0 if that is so of every player",
  ]);
});

test.each([undefined, "EUR"])("there is nothing to warn of if webhook.currency is %p", (currency) => {
  const { warn, warnings } = implied(currency);
  warn();
  expect(warnings).toEqual([]);
});
