import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname } from "node:path";
import { withPlayers } from "../../../plugins/sqlite/players.ts";
import type { LookupResult } from "../../../src/plugin.ts";
import { ask, eventually, subjects } from "./subject.ts";

const subject = subjects();
const QUERY = "SELECT balance FROM wallet WHERE id = :player_id";

/** The operator's own program, with a write-ahead log that it does not bring home. */
function core(name: string, balance: number): Database {
  mkdirSync(dirname(subject().path(name)), { recursive: true });
  const database = new Database(subject().path(name));
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA wal_autocheckpoint = 0");
  database.run("CREATE TABLE IF NOT EXISTS wallet (id TEXT PRIMARY KEY, balance INTEGER)");
  database.run("INSERT OR REPLACE INTO wallet VALUES ('1', ?)", [balance]);
  return database;
}

function link(target: string, name: string): void {
  rmSync(subject().path(name), { force: true });
  symlinkSync(target, subject().path(name));
}

/** SQLite keeps the log beside the file that a link leads to. */
test.each([
  ["its file", "link.db", () => link("data/core.db", "link.db")],
  ["its folder", "folder/core.db", () => link("data", "folder")],
  [
    "a link to its file",
    "second.db",
    () => {
      link("data/core.db", "first.db");
      link("first.db", "second.db");
    },
  ],
])("a query on a link to %s reads what is only in the log", async (_what, file, prepare) => {
  using database = core("data/core.db", 100);
  prepare();
  const source = await subject().open({ file, query: QUERY });
  for (let balance = 1; balance < 10; balance += 1) {
    database.run("UPDATE wallet SET balance = ?", [balance]);
    expect(await ask(source, "1")).toEqual({ balance: String(balance) });
  }
});

test("a query on a link to a file that nobody has open sees the next writer's commits at once", async () => {
  core("data/core.db", 100).close(true);
  link("data/core.db", "link.db");
  const source = await subject().open({ file: "link.db", query: QUERY });
  expect(await ask(source, "1")).toEqual({ balance: "100" });
  using database = core("data/core.db", 100);
  database.run("UPDATE wallet SET balance = 5");
  expect(await ask(source, "1")).toEqual({ balance: "5" });
});

test("a link that is led elsewhere is followed, without an event loop that turns", async () => {
  using _first = core("data/core.db", 1);
  using second = core("other/core.db", 2);
  link("data/core.db", "link.db");
  const source = await subject().open({ file: "link.db", query: QUERY });
  expect(await ask(source, "1")).toEqual({ balance: "1" });
  link("other/core.db", "link.db");
  Bun.sleepSync(50);
  expect(await ask(source, "1")).toEqual({ balance: "2" });
  second.run("UPDATE wallet SET balance = 3");
  expect(await ask(source, "1")).toEqual({ balance: "3" });
});

async function makeOwn(name: string, balance: bigint): Promise<void> {
  mkdirSync(dirname(subject().path(name)), { recursive: true });
  const source = await subject().open({ file: name });
  write(name, balance);
  await source.close?.();
}

function write(name: string, balance: bigint): void {
  using database = new Database(subject().path(name), { readwrite: true });
  database.run("INSERT OR REPLACE INTO players (player_id, currency, balance_minor) VALUES ('1', 'JPY', ?)", [
    balance,
  ]);
}

function yen(balanceMinor: bigint): LookupResult {
  return { balanceMinor, exponent: 0, currency: "JPY" };
}

test("the own database behind a link: exchanged, led elsewhere, and nothing is left beside any of them", async () => {
  await makeOwn("data/balances.db", 1n);
  await makeOwn("restored.db", 2n);
  await makeOwn("other/balances.db", 3n);
  link("data/balances.db", "link.db");
  const source = await subject().open({ file: "link.db" });
  expect(await ask(source, "1")).toEqual(yen(1n));
  write("data/balances.db", 10n);
  expect(await ask(source, "1")).toEqual(yen(10n));

  renameSync(subject().path("restored.db"), subject().path("data/balances.db"));
  Bun.sleepSync(50);
  expect(await ask(source, "1")).toEqual(yen(2n));

  link("other/balances.db", "link.db");
  Bun.sleepSync(50);
  expect(await ask(source, "1")).toEqual(yen(3n));
  write("other/balances.db", 30n);
  expect(await ask(source, "1")).toEqual(yen(30n));
  await source.close?.();
  await eventually(() => subject().files().join() === "data,link.db,other");
  for (const name of ["data/balances.db", "other/balances.db"]) {
    using database = new Database(subject().path(name), { readwrite: true });
    expect(database.prepare("PRAGMA integrity_check").values()).toEqual([["ok"]]);
  }
});

test("a command and a rehearsal leave nothing beside the file that a link leads to", async () => {
  await makeOwn("data/balances.db", 1n);
  link("data/balances.db", "link.db");
  const place = { options: { file: "link.db" }, directory: subject().folder };
  const got = await withPlayers(place, "read", (players) => players.get("1"));
  expect(got).toEqual({ playerId: "1", currency: "JPY", balanceMinor: 1n });
  expect(readdirSync(subject().path("data"))).toEqual(["balances.db"]);
  const rehearsed = await subject().open({ file: "link.db" }, { isRehearsal: true });
  expect(await ask(rehearsed, "1")).toEqual(yen(1n));
  await rehearsed.close?.();
  expect(readdirSync(subject().path("data"))).toEqual(["balances.db"]);
  expect(subject().files()).toEqual(["data", "link.db"]);
});
