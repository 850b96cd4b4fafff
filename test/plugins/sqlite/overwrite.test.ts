import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { statSync, utimesSync } from "node:fs";
import { ask, subjects } from "./subject.ts";

const subject = subjects();
const QUERY = "SELECT id AS player_id, balance FROM account WHERE id = :player_id";

/** As an export job makes its file, by the same steps each time: SQLite counts the same changes in each. */
function exported(
  name: string,
  balance: number,
  {
    journal = "delete",
    tables = ["account", "bonus"],
  }: { journal?: string; tables?: readonly string[] } = {},
): void {
  using database = new Database(subject().path(name));
  database.run(`PRAGMA journal_mode = ${journal}`);
  for (const table of tables) database.run(`CREATE TABLE ${table} (id TEXT PRIMARY KEY, balance INTEGER)`);
  database.run("INSERT INTO account VALUES ('1', ?)", [balance]);
  database.run("INSERT INTO bonus VALUES ('1', 99900)");
}

/** Into the same file, which stays open: not by a new one in its place. */
function copyOver(from: string, to: string, ...options: readonly string[]): void {
  const { ino } = statSync(subject().path(to));
  const { exitCode } = Bun.spawnSync(["cp", ...options, subject().path(from), subject().path(to)]);
  expect(exitCode).toBe(0);
  expect(statSync(subject().path(to)).ino).toBe(ino);
}

describe("a file that is copied over is read as it is now, by a query", () => {
  test("that is made for a write-ahead log and has none, with its times set back", async () => {
    exported("live.db", 3000, { journal: "wal" });
    exported("next.db", 100, { journal: "wal" });
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of ["live.db", "next.db"]) utimesSync(subject().path(name), longAgo, longAgo);
    const source = await subject().open({ file: "live.db", query: QUERY });
    // Only then the connection is kept from one lookup to the next.
    await Bun.sleep(2100);
    expect(await ask(source, "1")).toEqual({ balance: "3000" });
    expect(await ask(source, "1")).toEqual({ balance: "3000" });
    copyOver("next.db", "live.db", "-p");
    expect(await ask(source, "1")).toEqual({ balance: "100" });
  });
});
