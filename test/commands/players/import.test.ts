import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ImportOptions, importPlayers } from "../../../src/commands/players/import.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";
import { withPlayers } from "../../../plugins/sqlite/players.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klas-import-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = "player_id,currency,balance\n";

const OPTIONS = {
  exponentOf: knownCurrencies({}),
  allowsNegative: false,
  encoding: "utf-8",
  isRehearsal: false,
} as const;

/** The players that importing a file of this content leaves, as `ID MINOR_UNITS CURRENCY`. */
async function imported(
  content: string | Uint8Array,
  options: Partial<ImportOptions> = {},
): Promise<readonly string[]> {
  const file = join(folder, "players.csv");
  await Bun.write(file, content);
  const place = { options: { file: `${crypto.randomUUID()}.db` }, directory: folder };
  return await withPlayers(place, "make", async (players) => {
    await importPlayers(players, file, { ...OPTIONS, ...options });
    const all = await Array.fromAsync(players.list());
    return all.map(({ playerId, balanceMinor, currency }) => `${playerId} ${balanceMinor} ${currency}`);
  });
}

/** What importing a file of this content says; nothing may have been imported. */
async function refusal(content: string | Uint8Array, path = join(folder, "players.csv")): Promise<string> {
  await Bun.write(join(folder, "players.csv"), content);
  const place = { options: { file: "balances.db" }, directory: folder };
  return await withPlayers(place, "make", async (players) => {
    const message = await importPlayers(players, path, OPTIONS).then(
      () => "imported",
      (error: Error) => error.message,
    );
    expect(await Array.fromAsync(players.list())).toEqual([]);
    return message.replaceAll(`${folder}/`, "");
  });
}

test("twenty bad lines are named and the rest is counted", async () => {
  const rows = Array.from({ length: 50 }, (_, index) => `p${index},EUR,nothing\n`);
  const lines = (await refusal(HEADER + rows.join(""))).split("\n");
  expect(lines[0]).toBe("players.csv: 50 bad rows, nothing was changed");
  expect(lines[20]).toStartWith("line 21: balance");
  expect(lines.slice(21)).toEqual(["and 30 more"]);
});

test.each([
  ["", "players.csv: empty: expected a header with player_id, currency, balance"],
  [" \n,,\n", "players.csv: empty: expected a header with player_id, currency, balance"],
  [
    "id,currency,balance\n1,EUR,1\n",
    'players.csv: line 1: the header has no column player_id: expected player_id, currency, balance, found "id,currency,balance"',
  ],
  [
    "\nplayer_id,curency,balance\n1,EUR,1\n",
    'line 2: the header has no column currency, did you mean "curency"?',
  ],
  ["1,EUR,1\n", "players.csv: line 1: is this the header? Expected player_id, currency, balance"],
  ["player_id,currency,balance,Player ID\n1,EUR,1,2\n", "line 1: the column player_id appears twice"],
  [`${HEADER}a,EUR,1\nb"c,EUR,1\n`, "line 3: a quote here or above is not in order"],
  [`${HEADER}a,EUR,1\n"b,EUR,1\nc,EUR,1\n`, "a quote here or above is not in order"],
  [`${HEADER}"${"x,EUR,1\n".repeat(50_000)}`, "more than 16384 characters in a row: is a quote not closed?"],
  [`${HEADER}"a\nb",EUR,1\n`, "line 2: player_id: expected 1 to 256"],
  [Buffer.from(`${HEADER}J\u00FCrgen,EUR,1`, "latin1"), "players.csv: not UTF-8: is it windows-1252?"],
  // A comma that separates nothing is not a decimal comma, and moves what comes after it.
  [
    `${HEADER}a,EUR,30,50\n`,
    "line 2: expected 3 fields, as the header has, found 4: is there a comma in an amount?",
  ],
  [`${HEADER}a,EUR\n`, "line 2: expected 3 fields, as the header has, found 2"],
  [`${HEADER}a,EUR,"30,50"\n`, "line 2: balance: a comma, which separates the columns of this file"],
  [`${HEADER}1.23457E+15,EUR,1\n`, "line 2: player_id: a shortened number"],
  [`${HEADER}1E+15,EUR,1\n`, "line 2: player_id: a shortened number"],
  [`${HEADER} 12001,EUR,1\n`, "line 2: player_id: white space at an end of the id; if it is meant, use"],
  [`${HEADER}12001\u00A0,EUR,1\n`, "line 2: player_id: white space at an end of the id"],
  [`${HEADER}"12001 ",EUR,1\n`, "line 2: player_id: white space at an end of the id"],
  [`${HEADER}a,EUR,1.23E+05\n`, "line 2: balance: a shortened number"],
  [`${HEADER}a,EUR,-1\n`, "line 2: balance: negative; if it is meant, say so by --allow-negative"],
  ["player_id;currency;balance\na;EUR;1.234\n", "line 2: balance: thousands or decimals?"],
  ["player_id;currency;balance\na;KWD;1,234\n", "line 2: balance: thousands or decimals?"],
  ["player_id;currency;balance\na;EUR;1.234,567\n", "line 2: balance: EUR has 2 decimals"],
  ["player_id;currency;balance\na;EUR;1,2,3\n", "line 2: balance: expected a decimal"],
  // Lines as an editor numbers them, whatever ends them.
  [`${HEADER}a,EUR,1\r\nb,EUR,1\r\n\r\n"x,EUR,1\r\n`, "line 5: "],
  ["player_id,currency,balance\r\na,EUR,1\nb,EUR,x\n", "line 3: balance"],
  ["player_id,currency,balance\ra,EUR,1\rb,EUR,x\r", "line 3: balance"],
  [`${HEADER}a,EUR,1\n\n,,\n"b\r\nc",EUR,1\n\nd,EUR,x\n`, "line 5: player_id: expected 1 to 256"],
  [`${HEADER}a,EUR,1\n\n,,\n"b\r\nc",EUR,1\n\nd,EUR,x\n`, "line 8: balance"],
  ["sep=;\nplayer_id;currency;balance\na;EUR;x\n", "line 3: balance"],
])("%j is refused", async (content, expected) => {
  expect(await refusal(content)).toContain(expected);
});

const AS_PEOPLE_HAVE_IT: readonly (readonly [string, string])[] = [
  ["semicolons and decimal commas", "player_id;currency;balance\n12001;EUR;30,50\n"],
  ["tabs", "player_id\tcurrency\tbalance\n12001\tEUR\t30,50\n"],
  ["quotes", '"player_id","currency","balance"\n"12001","EUR","30.50"\n'],
  ["a byte-order mark and CRLF", "\uFEFFplayer_id;currency;balance\r\n12001;EUR;30,5\r\n"],
  ["a header that ends in LF and rows that end in CRLF", "player_id,currency,balance\n12001,EUR,30.50\r\n"],
  ["a header that ends in CRLF and rows that end in LF", "player_id,currency,balance\r\n12001,EUR,30.50\n"],
  ["CR alone", "player_id,currency,balance\r12001,EUR,30.50\r"],
  ["no end of the last line", "player_id,currency,balance\n12001,EUR,30.50"],
  [
    "another order, further columns and titles for people",
    'Name;Balance;Player ID;Note;CURRENCY\n"M\u00FCller; J\u00FCrgen";30,50;12001;"says ""hi""\r\nand bye";EUR\n',
  ],
  ["empty rows", "\n\nplayer_id,currency,balance\n\n,,\n12001,EUR,30.50\n , ,\n,,\n"],
  ["columns at the end that are empty", "player_id,currency,balance\n12001,EUR,30.50,,\n"],
  ["spaces around the amount and the currency", "player_id,currency,balance\n12001, EUR , 30.50 \n"],
  ["Excel's word for the separator", "sep=;\r\nplayer_id;currency;balance\r\n12001;EUR;30,50\r\n"],
];

test.each(AS_PEOPLE_HAVE_IT)("a file with %s is read", async (_what, content) => {
  expect(await imported(content)).toEqual(["12001 3050 EUR"]);
});

test.each([
  [";", "1.234,50", "123450"],
  [";", "1234,5", "123450"],
  [";", "1 234,50", "123450"],
  [";", "1\u00A0234,50", "123450"],
  [";", "1\u202F234,50", "123450"],
  [";", "1'234.50", "123450"],
  [";", "1.234.567", "123456700"],
  [";", "1,234.50", "123450"],
  [";", "0,1", "10"],
  [";", "0.120", "12"],
  [";", "1.2340", "refused"],
  [",", "1234.50", "123450"],
  [",", '"1,234.50"', "123450"],
  [",", '"1,234,567"', "123456700"],
])("separated by %j, %s EUR is %s minor units", async (separator, written, minorUnits) => {
  const content =
    ["player_id,currency,balance", `12001,EUR,`].join("\n").replaceAll(",", separator) + written;
  const players = imported(`${content}\n`);
  if (minorUnits === "refused") expect(await players.catch(String)).toContain("EUR has 2 decimals");
  else expect(await players).toEqual([`12001 ${minorUnits} EUR`]);
});

test("three decimals are what they are if they cannot be thousands", async () => {
  expect(await imported("player_id,currency,balance\n12001,KWD,1.234\n")).toEqual(["12001 1234 KWD"]);
  expect(await imported("player_id;currency;balance\n12001;KWD;0,234\n")).toEqual(["12001 234 KWD"]);
  expect(await imported("player_id;currency;balance\n12001;KWD;1,2340\n")).toEqual(["12001 1234 KWD"]);
});

test("windows-1252 is read if it is said, and UTF-16 by its mark", async () => {
  const text = "player_id;currency;balance\r\nJ\u00FCrgen;EUR;30,50\r\n";
  const expected = ["J\u00FCrgen 3050 EUR"];
  expect(await imported(Buffer.from(text, "latin1"), { encoding: "windows-1252" })).toEqual(expected);
  expect(await imported(Buffer.from(`\uFEFF${text.replaceAll(";", "\t")}`, "utf16le"))).toEqual(expected);
  // The mark says what it is, whatever was said.
  expect(await imported(`\uFEFF${text}`, { encoding: "windows-1252" })).toEqual(expected);
});

test("a negative balance is taken if it is asked for", async () => {
  expect(await imported(`${HEADER}a,EUR,-1\n`, { allowsNegative: true })).toEqual(["a -100 EUR"]);
});

test("an end of a line that is cut in two is one", async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `p${index},EUR,1\r\n`);
  const text = `player_id,currency,balance\r\n${rows.join("")}last,EUR,x\r\n`;
  for (const padding of ["", "0"]) {
    expect(await refusal(text.replace("p0,", `p${padding}0,`))).toContain("line 20002: balance");
  }
});

test.each(["12001,EUR,31.5\n", "s3cret-of-Klas-Gaming\n"])(
  "what is no header is not shown: %j",
  async (text) => {
    const message = await refusal(text);
    for (const word of text
      .trim()
      .split(",")
      .filter((each) => each !== "EUR"))
      expect(message).not.toContain(word);
  },
);

test("what cannot be read is named", async () => {
  expect(await refusal(HEADER, join(folder, "nowhere.csv"))).toBe(
    "cannot read nowhere.csv: there is no such file or folder",
  );
  expect(await refusal(HEADER, folder)).toContain("cannot read");
});

test.each([
  [
    "EUR",
    ";",
    "1.234",
    "For thousands leave out the point; the currency has fewer decimals",
    [["1234", 123_400]],
  ],
  [
    "EUR",
    ";",
    "7,555",
    "For thousands leave out the comma; the currency has fewer decimals",
    [["7555", 755_500]],
  ],
  [
    "EUR",
    ",",
    '"7,555"',
    "For thousands leave out the comma; the currency has fewer decimals",
    [["7555", 755_500]],
  ],
  [
    "JPY",
    "\t",
    "1.234",
    "For thousands leave out the point; the currency has fewer decimals",
    [["1234", 1234]],
  ],
  [
    "EUR",
    ";",
    "1.230",
    "For thousands leave out the point; for decimals add a 0",
    [
      ["1230", 123_000],
      ["1.2300", 123],
    ],
  ],
  [
    "EUR",
    ",",
    "2.500",
    "For thousands leave out the point; for decimals add a 0",
    [
      ["2500", 250_000],
      ["2.5000", 250],
    ],
  ],
  [
    "JPY",
    ",",
    "1.000",
    "For thousands leave out the point; for decimals add a 0",
    [
      ["1000", 1000],
      ["1.0000", 1],
    ],
  ],
  [
    "KWD",
    ";",
    "7,555",
    "For thousands leave out the comma; for decimals add a 0",
    [
      ["7555", 7_555_000],
      ["7,5550", 7555],
    ],
  ],
  [
    "KWD",
    ",",
    '"7,555"',
    "For thousands leave out the comma; for decimals write a point",
    [
      ["7555", 7_555_000],
      ["7.555", 7555],
    ],
  ],
  ["EUR", ",", '"30,50"', "write a point", [["30.50", 3050]]],
] as const)("%s in a file with %j: %s is refused with advice that can be followed", async (...row) => {
  const [currency, separator, written, advice, followed] = row;
  const csv = (balance: string) =>
    `${["player_id", "currency", "balance"].join(separator)}\n${["a", currency, balance].join(separator)}\n`;
  expect(await refusal(csv(written))).toEndWith(advice);
  for (const [amount, minor] of followed) {
    expect(await imported(csv(amount))).toEqual([`a ${minor} ${currency}`]);
  }
});
