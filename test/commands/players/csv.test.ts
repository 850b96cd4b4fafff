import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { plainAmount } from "../../../src/commands/players/csv-amount.ts";
import { columnsOf } from "../../../src/commands/players/csv-header.ts";
import { separated, textOf } from "../../../src/commands/players/csv-text.ts";

async function* inPieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let start = 0;
  for (const cut of cuts.toSorted((one, other) => one - other)) {
    yield bytes.subarray(start, cut);
    start = cut;
  }
  yield bytes.subarray(start);
}

async function whole(texts: AsyncIterable<string>): Promise<string> {
  return (await Array.fromAsync(texts)).join("");
}

test("wherever a file is cut into pieces, its text and its lines are the same", async () => {
  const piece = fc.constantFrom("\r\n", "\n", "\r", ";", "é", "€", "\u{1F600}", "a", '"', "\uFEFF");
  await fc.assert(
    fc.asyncProperty(fc.array(piece), fc.array(fc.nat(200)), async (pieces, cuts) => {
      const text = `a${pieces.join("")}`;
      const bytes = new TextEncoder().encode(text);
      const inside = cuts.filter((cut) => cut <= bytes.length);
      expect(await whole(textOf(inPieces(bytes, inside), "utf-8"))).toBe(text.replaceAll(/\r\n|\r/g, "\n"));
    }),
  );
});

test("what finds the separator leaves the text whole", async () => {
  const piece = fc.constantFrom("\n", ";", ",", "\t", "a b", '"x,y"', " ");
  await fc.assert(
    fc.asyncProperty(fc.array(piece), fc.array(fc.nat(50)), async (pieces, cuts) => {
      const text = pieces.join("");
      const bytes = new TextEncoder().encode(text);
      const inside = cuts.filter((cut) => cut <= bytes.length);
      const found = await separated(textOf(inPieces(bytes, inside), "utf-8"), 16_384);
      expect([",", ";", "\t"]).toContain(found.separator);
      expect(await whole(found.text)).toBe(text);
    }),
  );
});

test.each([
  ["player_id,currency,balance", ","],
  ["player_id;currency;balance", ";"],
  ["player_id\tcurrency\tbalance", "\t"],
  ['"Name, of a player";player_id;currency;balance', ";"],
  ["player_id", ","],
  ["sep=|", "|"],
])("%j is separated by %j", async (header, separator) => {
  const bytes = new TextEncoder().encode(`\n${header}\n1`);
  expect((await separated(textOf(inPieces(bytes, []), "utf-8"), 16_384)).separator).toBe(separator);
});

/** Every way in which a spreadsheet may show a number: a mark between thousands, and one before the decimals. */
const STYLES = [
  ["", "."],
  ["", ","],
  [".", ","],
  [",", "."],
  [" ", ","],
  ["\u00A0", ","],
  ["\u202F", ","],
  ["'", "."],
] as const;

test("an amount in any style is read as what it is, or refused, and never as another", () => {
  const amounts = fc.record({
    sign: fc.constantFrom("", "-"),
    integer: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    fraction: fc.stringMatching(/^\d{0,6}$/),
    style: fc.constantFrom(...STYLES),
    separator: fc.constantFrom(",", ";", "\t"),
    exponent: fc.nat(4),
  });
  fc.assert(
    fc.property(amounts, ({ sign, integer, fraction, style: [group, mark], separator, exponent }) => {
      const digits = String(integer).replaceAll(/\B(?=(?:\d{3})+$)/g, group);
      const written = `${sign}${digits}${fraction && mark}${fraction}`;
      const read = plainAmount(written, separator, exponent);
      const isGrouped = group !== "" && integer >= 1000n;
      // One mark before three digits may be either; a comma as the decimal mark needs another separator.
      const isOneMark =
        (isGrouped && fraction === "" && integer < 10n ** 6n) || (!isGrouped && fraction.length === 3);
      if ("problem" in read) {
        const isComma = written.includes(",") && separator === ",";
        expect(isOneMark || isComma).toBeTrue();
        return;
      }
      // Only what the currency may well have as decimals is taken for them where it could be thousands.
      const isEnglishThousand = separator === "," && exponent >= 3 && /^-?\d{1,3}\.\d{3}$/.test(written);
      if (isEnglishThousand) expect(read.amount).toBe(written);
      else expect(read.amount).toBe(`${sign}${integer}${fraction && "."}${fraction}`);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["€ 30", "€ 30"],
  ["30 EUR", "30 EUR"],
  ["1,2,3", "1,2,3"],
  ["12,34.5", "12,34.5"],
  ["1.23.456", "1.23.456"],
  ["1 23", "1 23"],
  ["", ""],
])("%j is left for the grammar of amounts to refuse", (written, amount) => {
  expect(plainAmount(written, ";", 2)).toEqual({ amount });
});

test("columns go by their titles", () => {
  const columns = { player_id: 2, currency: 0, balance: 3, count: 4 };
  for (const titles of [
    ["currency", "x", "player_id", "balance"],
    ["Currency", "x", "Player ID", "BALANCE"],
    [" CURRENCY ", "", "player-id", "Balance"],
    ["currency", "x", "playerId", "balance"],
  ]) {
    expect(columnsOf(titles)).toEqual(columns);
  }
});
