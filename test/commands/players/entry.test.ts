import { expect, test } from "bun:test";
import { assert, bigInt, constantFrom, property } from "fast-check";
import { formatEntry, parseEntry } from "../../../src/commands/players/entry.ts";

const LONG = "x".repeat(257);

test.each([
  ["12001", "1e3", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", "abc", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", "", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", " 1", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", "1,50", "EUR", "balance: expected a decimal such as 30 or 30.50"],
  ["12001", "30.505", "EUR", "balance: EUR has 2 decimals, this has more"],
  ["12001", "1.5", "JPY", "balance: JPY has no decimals, this has more"],
  ["12001", "92233720368547758.08", "EUR", "balance: beyond 64 bits of minor units"],
  ["12001", "-92233720368547758.09", "EUR", "balance: beyond 64 bits of minor units"],
  ["12001", "1", "EURO", 'currency: "EURO" is not in ISO 4217, did you mean "EUR"?'],
  ["12001", "1", "eur", 'currency: "eur" is not in ISO 4217, did you mean "EUR"?'],
  ["12001", "1", "constructor", 'currency: "constructor" is not in ISO 4217'],
  ["", "1", "EUR", "player_id: expected 1 to 256 well-formed characters, none of them a control character"],
  [LONG, "1", "EUR", "player_id: expected 1 to 256 well-formed characters, none of them a control character"],
  [
    "a\nb",
    "1",
    "EUR",
    "player_id: expected 1 to 256 well-formed characters, none of them a control character",
  ],
])("%j with %j %s is refused", (player_id, balance, currency, problem) => {
  expect(parseEntry({ player_id, currency, balance })).toEqual({ problem });
});

test("every amount of 64 bits is written so that it is read as the same", () => {
  const amounts = bigInt(-(2n ** 63n), 2n ** 63n - 1n);
  assert(
    property(amounts, constantFrom("EUR", "JPY", "KWD", "CLF"), (balanceMinor, currency) => {
      const player = { playerId: "12001", currency, balanceMinor };
      expect(parseEntry(formatEntry(player))).toEqual({ player });
    }),
  );
});
