import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import plugin from "../../../plugins/sqlite/index.ts";
import type { LookupResult, Source } from "../../../src/plugin.ts";
import { ask, failure, question, subjects } from "./subject.ts";

const subject = subjects();

function write(file: string, playerId: string, currency: string, balanceMinor: bigint): void {
  using database = new Database(file, { readwrite: true });
  database.run("INSERT OR REPLACE INTO players (player_id, currency, balance_minor) VALUES (?, ?, ?)", [
    playerId,
    currency,
    balanceMinor,
  ]);
}

/** The answer that is there without waiting. */
function askNow(source: Source): LookupResult | Promise<LookupResult> {
  return source.lookup(question("12001"), new AbortController().signal);
}

describe("a lookup", () => {
  test.each([
    ["EUR", 3000n, 2],
    ["JPY", 30n, 0],
    ["KWD", -1n, 3],
    ["EUR", 9_223_372_036_854_775_807n, 2],
    ["EUR", -9_223_372_036_854_775_808n, 2],
    ["EUR", 9_007_199_254_740_993n, 2],
    ["EUR", 0n, 2],
    ["UYW", 123_456n, 4],
  ])("of %s %d minor units is exact", async (currency, balanceMinor, exponent) => {
    const source = await subject().open({ file: "balances.db" });
    write(subject().path("balances.db"), "12001", currency, balanceMinor);
    expect(await ask(source, "12001")).toEqual({ balanceMinor, exponent, currency });
  });

  test("answers without a promise", async () => {
    const source = await subject().open({ file: "balances.db" });
    write(subject().path("balances.db"), "12001", "EUR", 3000n);
    expect(askNow(source)).toEqual({ balanceMinor: 3000n, exponent: 2, currency: "EUR" });
  });

  test("sees what another connection has committed, within the same turn of the event loop, and nothing before", async () => {
    const source = await subject().open({ file: "balances.db" });
    using writer = new Database(subject().path("balances.db"), { readwrite: true });
    writer.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', 1)");
    for (let balance = 2n; balance < 50n; balance += 1n) {
      writer.run("BEGIN IMMEDIATE");
      writer.run("UPDATE players SET balance_minor = ?", [balance]);
      expect(askNow(source)).toEqual({ balanceMinor: balance - 1n, exponent: 2, currency: "EUR" });
      writer.run("COMMIT");
      expect(askNow(source)).toEqual({ balanceMinor: balance, exponent: 2, currency: "EUR" });
    }
  });

  test.each([
    "__proto__",
    "constructor",
    "' OR 1=1 --",
    "12001'; DROP TABLE players; --",
    "../",
    "€".repeat(256),
    "%",
  ])("of the id %j finds nobody, or exactly that player", async (playerId) => {
    const source = await subject().open({ file: "balances.db" });
    write(subject().path("balances.db"), "12001", "EUR", 3000n);
    expect(await ask(source, playerId)).toBeNull();
    write(subject().path("balances.db"), playerId, "EUR", 7n);
    expect(await ask(source, playerId)).toEqual({ balanceMinor: 7n, exponent: 2, currency: "EUR" });
    expect(await ask(source, "12001")).toEqual({ balanceMinor: 3000n, exponent: 2, currency: "EUR" });
  });

  test.each(["EURO", "HRK", "XAU"])("fails on the currency %s, without the balance", async (currency) => {
    const source = await subject().open({ file: "balances.db" });
    write(subject().path("balances.db"), "12001", currency, 987_654n);
    const message = await failure(() => ask(source, "12001"));
    expect(message).toContain("neither in ISO 4217 nor in [currencies]");
    expect(message).not.toContain("987654");
  });

  test("waits for a lock without holding up anything else, and gives up when its time is over", async () => {
    // Without a write-ahead log a writer locks readers out; with one it does so only while it recovers.
    using writer = new Database(subject().path("rollback.db"));
    writer.run("CREATE TABLE wallet (id TEXT, balance TEXT)");
    writer.run("INSERT INTO wallet VALUES ('12001', '30.00')");
    const query = "SELECT balance FROM wallet WHERE id = :player_id";
    const waiting = await subject().open({ file: "rollback.db", query });
    writer.run("BEGIN EXCLUSIVE");
    const answer = waiting.lookup(question("12001"), AbortSignal.timeout(10_000));
    expect(answer).toBeInstanceOf(Promise);
    expect(await failure(() => waiting.lookup(question("12001"), AbortSignal.timeout(30)))).toContain(
      "locked",
    );
    writer.run("COMMIT");
    expect(await answer).toEqual({ balance: "30.00" });
  });
});

describe("the database", () => {
  test("is made on first use, is one file after the end, and keeps what was written", async () => {
    const source = await subject().open({ file: "balances.db" });
    write(subject().path("balances.db"), "12001", "EUR", 3000n);
    await source.close?.();
    expect(subject().files()).toEqual(["balances.db"]);
    const again = await subject().open({ file: "balances.db" });
    expect(await ask(again, "12001")).toEqual({ balanceMinor: 3000n, exponent: 2, currency: "EUR" });
  });

  test("gives rows that other programs write the time of the writing", async () => {
    await subject().open({ file: "balances.db" });
    const before = Date.now();
    write(subject().path("balances.db"), "12001", "EUR", 3000n);
    using database = new Database(subject().path("balances.db"), { readonly: true });
    const row = database.prepare<{ updated_at: number }, []>("SELECT updated_at FROM players").get();
    expect(row?.updated_at).toBeWithin(before - 1, Date.now() + 2);
  });

  test("is readable by its owner alone, its log as well, and told to hold nobody when it is made", async () => {
    const made = `warn made ${subject().path("balances.db")}: it holds no players yet`;
    const source = await subject().open({ file: "balances.db" });
    expect(subject().messages).toEqual([made]);
    for (const name of ["balances.db", "balances.db-shm", "balances.db-wal"]) {
      expect(statSync(subject().path(name)).mode & 0o777).toBe(0o600);
    }
    await source.close?.();
    await subject().open({ file: "balances.db" });
    expect(subject().messages).toEqual([made]);
  });

  test("opens without a write lock when there is nothing to migrate", async () => {
    const first = await subject().open({ file: "balances.db" });
    using writer = new Database(subject().path("balances.db"), { readwrite: true });
    writer.run("BEGIN IMMEDIATE");
    writer.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', 1)");
    const second = await subject().open({ file: "balances.db" });
    expect(await ask(second, "12001")).toBeNull();
    await first.close?.();
    writer.run("COMMIT");
    expect(await ask(second, "12001")).toEqual({ balanceMinor: 1n, exponent: 2, currency: "EUR" });
  });

  test("is read if only its file is read-only", async () => {
    const first = await subject().open({ file: "balances.db" });
    write(subject().path("balances.db"), "12001", "EUR", 3000n);
    await first.close?.();
    chmodSync(subject().path("balances.db"), 0o444);
    chmodSync(subject().folder, 0o777);
    await asOrdinaryUser(async () => {
      const source = await subject().open({ file: "balances.db" });
      expect(await ask(source, "12001")).toEqual({ balanceMinor: 3000n, exponent: 2, currency: "EUR" });
    });
  });

  test("is waited for while another program has it locked", async () => {
    const file = subject().path("balances.db");
    const writer = new Database(file);
    writer.run("BEGIN EXCLUSIVE");
    const opening = subject().open({ file: "balances.db" });
    await Bun.sleep(50);
    writer.close(true);
    expect(await ask(await opening, "12001")).toBeNull();
  });

  test("passes its check, and fails it once it is closed", async () => {
    const source = await subject().open({ file: "balances.db" });
    await source.check?.(AbortSignal.timeout(1000));
    await source.close?.();
    await source.close?.();
    expect(await failure(() => source.check?.(AbortSignal.timeout(1000)))).toContain("is closed");
  });
});

describe("opening refuses, in one line that says what to do,", () => {
  test.each<[what: string, prepare: () => void, message: RegExp]>([
    ["a missing folder", () => {}, /there is no folder .*missing: make it/],
    ["a folder", () => mkdirSync(subject().path("balances.db")), /is not a file: correct the path/],
    [
      "a file of something else",
      () => writeFileSync(subject().path("balances.db"), "no database, ".repeat(500)),
      /is not an SQLite database: name another/,
    ],
    ["a damaged database", () => damage(subject().path("balances.db")), /is damaged: restore a backup/],
    ["somebody else's players", () => makeForeign("players"), /holds players.*set `query`/],
    ["somebody else's database", () => makeForeign("wallet"), /holds wallet.*set `query`/],
    ["a newer version's database", () => makeNewer(), /newer klas-balance: use that version/],
    ["a locked database", () => lock(), /is locked by another program/],
  ])("%s", async (what, prepare, expected) => {
    prepare();
    const file = what === "a missing folder" ? "missing/balances.db" : "balances.db";
    const message = await failure(() => subject().open({ file }));
    expect(message).toMatch(expected);
    expect(message).not.toContain("\n");
    expect(message).toContain(subject().folder);
  });

  test("a folder where it may write nothing", async () => {
    chmodSync(subject().folder, 0o555);
    const message = await asOrdinaryUser(() => failure(() => subject().open({ file: "balances.db" })));
    expect(message).toMatch(/cannot be opened: check the permissions/);
    chmodSync(subject().folder, 0o755);
  });

  test("a database in such a folder, whose log it cannot make", async () => {
    const source = await subject().open({ file: "balances.db" });
    await source.close?.();
    chmodSync(subject().path("balances.db"), 0o444);
    chmodSync(subject().folder, 0o555);
    const message = await asOrdinaryUser(() => failure(() => subject().open({ file: "balances.db" })));
    expect(message).toMatch(/give this user write permission|check the permissions/);
    expect(message).not.toContain("\n");
    chmodSync(subject().folder, 0o755);
  });

  test.each([
    [{}, "file"],
    [{ file: "" }, "expected the path of a database"],
    [{ file: 1 }, "expected the path of a database"],
    [{ file: "x.db", query: "SELECT 1" }, "`query` does not use :player_id"],
    [{ file: "x.db", querry: "" }, "querry"],
  ])("the options %j", (options, expected) => {
    const result = v.safeParse(plugin.options, options);
    const texts = result.issues?.map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
    expect(texts?.join("\n")).toContain(expected);
  });
});

describe("a rehearsal", () => {
  test("makes no database, and warns that there is none", async () => {
    const source = await rehearse();
    await source.check?.(AbortSignal.timeout(1000));
    expect(await ask(source, "12001")).toBeNull();
    await source.close?.();
    expect(subject().files()).toEqual([]);
    expect(subject().messages).toEqual([
      `warn ${subject().path("balances.db")} does not exist yet: \`serve\` makes it, and it will hold no players`,
    ]);
  });

  test("brings none up to date, and warns of it", async () => {
    writeFileSync(subject().path("balances.db"), "");
    const source = await rehearse();
    await source.check?.(AbortSignal.timeout(1000));
    await source.close?.();
    expect(subject().files()).toEqual(["balances.db"]);
    expect(statSync(subject().path("balances.db")).size).toBe(0);
    expect(subject().messages.join()).toContain("holds no players table of this version yet");
  });

  test("reads the one that there is, and leaves it as it was", async () => {
    const made = await subject().open({ file: "balances.db" });
    write(subject().path("balances.db"), "12001", "EUR", 3000n);
    await made.close?.();
    const before = readFileSync(subject().path("balances.db"));
    const source = await rehearse();
    await source.check?.(AbortSignal.timeout(1000));
    expect(await ask(source, "12001")).toEqual({ balanceMinor: 3000n, exponent: 2, currency: "EUR" });
    await source.close?.();
    expect(readFileSync(subject().path("balances.db"))).toEqual(before);
    expect(subject().files()).toEqual(["balances.db"]);
  });

  test("refuses what a start refuses", async () => {
    makeForeign("wallet");
    expect(await failure(() => rehearse())).toMatch(/holds wallet.*set `query`/);
    expect(await failure(() => rehearse("missing/balances.db"))).toMatch(/there is no folder/);
  });
});

test("a foreign database is refused before anything in it changes", async () => {
  const file = subject().path("balances.db");
  {
    using database = new Database(file);
    database.run("CREATE TABLE players (id INTEGER PRIMARY KEY, balance REAL)");
  }
  const before = await Bun.file(file).bytes();
  await failure(() => subject().open({ file: "balances.db" }));
  expect(await Bun.file(file).bytes()).toEqual(before);
  expect(subject().files()).toEqual(["balances.db"]);
});

async function rehearse(file = "balances.db"): Promise<Source> {
  return await subject().open({ file }, { isRehearsal: true });
}

/** A sound header, and rubbish behind it. */
function damage(file: string): void {
  {
    using database = new Database(file);
    database.run("CREATE TABLE players (player_id TEXT)");
  }
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.fill(0xa5, 100));
}

/** Permissions do not bind root. */
async function asOrdinaryUser<Result>(run: () => Promise<Result>): Promise<Result> {
  if (process.getuid?.() !== 0) return await run();
  process.seteuid?.("nobody");
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

const locks: Database[] = [];
afterEach(() => {
  for (const database of locks.splice(0)) database.close(true);
});

function makeForeign(table: string): void {
  using database = new Database(subject().path("balances.db"));
  database.run(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, balance REAL)`);
}

function makeNewer(): void {
  using database = new Database(subject().path("balances.db"));
  database.run("CREATE TABLE klas_balance_migrations (id INTEGER, hash TEXT, created_at NUMERIC)");
  database.run("INSERT INTO klas_balance_migrations VALUES (1, 'x', 99999999999999)");
}

function lock(): void {
  const database = new Database(subject().path("balances.db"));
  database.run("BEGIN EXCLUSIVE");
  locks.push(database);
}
