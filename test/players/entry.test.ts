import { expect, test } from "bun:test";
import { assert, bigInt, constantFrom, property } from "fast-check";
import { formatEntry, parseEntry } from "../../src/players/entry.ts";
import { knownCurrencies } from "../../src/protocol/currency.ts";

const exponentOf = knownCurrencies({ USDT: 6, BGN: 2 });
const RULES = { exponentOf, allowsNegative: true };

const GIVE_DECIMALS = "if it is meant, give its decimals under [currencies] in the configuration";
const LONG = "x".repeat(257);

test.each([
  ["12001", "1e3", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", "abc", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", "", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", " 1", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  [
    "12001",
    "1,50",
    "EUR",
    "balance: expected a decimal such as 30 or 30.50, with a point, and nothing between thousands",
  ],
  ["12001", "abc", "JPY", "balance: expected a whole number such as 30"],
  ["12001", "30.505", "EUR", "balance: EUR has 2 decimals, this has more"],
  ["12001", "1.5", "JPY", "balance: JPY has no decimals, this has more"],
  ["12001", "92233720368547758.08", "EUR", "balance: beyond 64 bits of minor units"],
  ["12001", "-92233720368547758.09", "EUR", "balance: beyond 64 bits of minor units"],
  ["12001", "1", "eur", 'currency: "eur" is not a code, did you mean "EUR"?'],
  ["12001", "1", "usdt ", 'currency: "usdt " is not a code, did you mean "USDT"?'],
  ["12001", "1", "constructor", 'currency: "constructor" is not a code: expected one such as "EUR"'],
  ["12001", "1", "", 'currency: "" is not a code: expected one such as "EUR"'],
  ["12001", "1", "BTC", `currency: "BTC" is not in ISO 4217: ${GIVE_DECIMALS}`],
  ["12001", "1", "HRK", `currency: "HRK" was withdrawn from ISO 4217: ${GIVE_DECIMALS}`],
  ["12001", "1", "XAU", `currency: "XAU" has no minor unit in ISO 4217: ${GIVE_DECIMALS}`],
  ["12001", "0.00001", "UYW", "balance: UYW has 4 decimals, this has more"],
  ["", "1", "EUR", "player_id: expected 1 to 256 well-formed characters, none of them a control character"],
  [LONG, "1", "EUR", "player_id: expected 1 to 256 well-formed characters, none of them a control character"],
  [
    "a\nb",
    "1",
    "EUR",
    "player_id: expected 1 to 256 well-formed characters, none of them a control character",
  ],
])("%j with %j %s is refused", (player_id, balance, currency, problem) => {
  expect(parseEntry({ player_id, currency, balance }, RULES)).toEqual({ problem });
});

test.each([
  // The runtime's locale data says 2, which would make it a hundred times too much.
  ["12.3456", "UYW", 123_456n],
  ["1.5", "XAD", 150n],
  ["1.234567", "USDT", 1_234_567n],
  // Withdrawn by ISO 4217, and named in the configuration.
  ["1.95", "BGN", 195n],
])("%s %s is kept as %d", (balance, currency, balanceMinor) => {
  const player = { playerId: "12001", currency, balanceMinor };
  expect(parseEntry({ player_id: "12001", currency, balance }, RULES)).toEqual({ player });
});

test("a negative balance is asked for", () => {
  const entry = { player_id: "12001", currency: "EUR", balance: "-0.01" };
  const problem = "balance: negative; if it is meant, say so by --allow-negative";
  expect(parseEntry(entry, { exponentOf, allowsNegative: false })).toEqual({ problem });
  const zero = { ...entry, balance: "-0.00" };
  expect(parseEntry(zero, { exponentOf, allowsNegative: false }).player?.balanceMinor).toBe(0n);
});

test("every amount of 64 bits is written so that it is read as the same", () => {
  const amounts = bigInt(-(2n ** 63n), 2n ** 63n - 1n);
  assert(
    property(amounts, constantFrom("EUR", "JPY", "KWD", "CLF", "USDT"), (balanceMinor, currency) => {
      const player = { playerId: "12001", currency, balanceMinor };
      expect(parseEntry(formatEntry(player, exponentOf), RULES)).toEqual({ player });
    }),
  );
});
