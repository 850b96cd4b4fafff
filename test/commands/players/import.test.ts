import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importPlayers } from "../../../src/commands/players/import.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";
import { withPlayers } from "../../../plugins/sqlite/players.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "klas-import-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HEADER = "player_id,currency,balance\n";

/** What importing a file of this content says; nothing may have been imported. */
async function refusal(content: string | Uint8Array, path = join(folder, "players.csv")): Promise<string> {
  await Bun.write(join(folder, "players.csv"), content);
  const place = { options: { file: "balances.db" }, directory: folder };
  return await withPlayers(place, "make", async (players) => {
    const message = await importPlayers(players, path, knownCurrencies({}), false).then(
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
  ["", "players.csv: empty: expected the header player_id,currency,balance"],
  ["id,currency,balance\n1,EUR,1\n", "players.csv: line 1: expected the header player_id,currency,balance"],
  [`${HEADER}a,EUR,1\nb"c,EUR,1\n`, "line 3: a quote here or above is not in order"],
  [`${HEADER}a,EUR,1\n"b,EUR,1\nc,EUR,1\n`, "a quote here or above is not in order"],
  [`${HEADER}"${"x,EUR,1\n".repeat(50_000)}`, "more than 16384 characters in a row: is a quote not closed?"],
  [`${HEADER}"a\nb",EUR,1\n`, "line 3: player_id: expected 1 to 256"],
  [Buffer.from(`${HEADER}J\u00FCrgen,EUR,1`, "latin1"), "players.csv: not UTF-8"],
])("%j is refused", async (content, expected) => {
  expect(await refusal(content)).toContain(expected);
});

test("what cannot be read is named", async () => {
  expect(await refusal(HEADER, join(folder, "nowhere.csv"))).toBe(
    "cannot read nowhere.csv: there is no such file or folder",
  );
  expect(await refusal(HEADER, folder)).toContain("cannot read");
});
