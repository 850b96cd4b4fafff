import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readlinkSync, statSync, utimesSync } from "node:fs";
import type { LookupResult, Source } from "../../../src/plugin.ts";
import { ask, eventually, question, subjects } from "./subject.ts";

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

/** A database of klas-balance's own with one player, closed. */
async function own(name: string, balanceMinor: bigint, others = 0): Promise<void> {
  const source = await subject().open({ file: name });
  using database = new Database(subject().path(name), { readwrite: true });
  const sql = "INSERT INTO players (player_id, currency, balance_minor) VALUES (?, 'JPY', ?)";
  database.run(sql, ["1", balanceMinor]);
  for (let other = 0; other < others; other += 1) database.run(sql, [`other${other}`, 0]);
  await source.close?.();
}

/** Into the same file, which stays open: not by a new one in its place. */
function copyOver(from: string, to: string, ...options: readonly string[]): void {
  const { ino } = statSync(subject().path(to));
  const { exitCode } = Bun.spawnSync(["cp", ...options, subject().path(from), subject().path(to)]);
  expect(exitCode).toBe(0);
  expect(statSync(subject().path(to)).ino).toBe(ino);
}

/** What was there before may be answered, or nothing, until the new content is; and never anything else. */
async function becomes(source: Source, before: LookupResult, after: LookupResult): Promise<void> {
  await eventually(async () => {
    const answer = await ask(source, "1").catch(() => before);
    expect([before, after]).toContainEqual(answer);
    return Bun.deepEquals(answer, after);
  });
  for (let again = 0; again < 20; again += 1) {
    expect(await ask(source, "1")).toEqual(after);
    await Bun.sleep(5);
  }
}

describe("a file that is copied over is read as it is now, by a query", () => {
  test.each([
    ["by cp", []],
    ["by cp -p, which sets the time of its content back", ["-p"]],
  ])("%s", async (_how, options) => {
    exported("live.db", 3000);
    exported("next.db", 100);
    const source = await subject().open({ file: "live.db", query: QUERY });
    expect(await ask(source, "1")).toEqual({ balance: "3000" });
    copyOver("next.db", "live.db", ...options);
    await becomes(source, { balance: "3000" }, { balance: "100" });
  });

  test("again and again, and nothing stays open", async () => {
    exported("live.db", 0);
    exported("even.db", 2);
    exported("odd.db", 1);
    const source = await subject().open({ file: "live.db", query: QUERY });
    let open: number | undefined;
    for (let round = 1; round <= 20; round += 1) {
      copyOver(round % 2 === 0 ? "even.db" : "odd.db", "live.db");
      const expected = { balance: round % 2 === 0 ? "2" : "1" };
      await eventually(async () => Bun.deepEquals(await ask(source, "1").catch(() => null), expected));
      if (round === 5) open = openFiles("live.db");
    }
    expect(openFiles("live.db")).toBe(open);
  });

  test("whose tables lie elsewhere in it: never another table's row", async () => {
    exported("live.db", 3000);
    exported("next.db", 100, { tables: ["bonus", "account"] });
    const source = await subject().open({
      file: "live.db",
      query: "SELECT balance FROM account WHERE id = :player_id",
    });
    expect(await ask(source, "1")).toEqual({ balance: "3000" });
    copyOver("next.db", "live.db");
    await eventually(async () =>
      Bun.deepEquals(await ask(source, "1").catch(() => null), { balance: "100" }),
    );
  });

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

describe("klas-balance's own database", () => {
  test.each([
    ["of the same size", 0],
    ["that is larger", 500],
  ])("that is copied over with one %s is read as it is now", async (_size, others) => {
    await own("night.db", 100n, others);
    await own("balances.db", 2999n);
    const source = await subject().open({ file: "balances.db" });
    {
      // As a command does. The index of the log knows from then on how many pages the file has.
      using writer = new Database(subject().path("balances.db"), { readwrite: true });
      writer.run("UPDATE players SET balance_minor = 3000");
      writer.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    expect(await ask(source, "1")).toEqual(yen(3000n));
    copyOver("night.db", "balances.db");
    await becomes(source, yen(3000n), yen(100n));
  });

  test("that is copied over with its backup, which has no log, can be written to", async () => {
    await own("balances.db", 100n);
    const source = await subject().open({ file: "balances.db" });
    {
      using writer = new Database(subject().path("balances.db"), { readwrite: true });
      writer.run(`VACUUM INTO '${subject().path("backup.db")}'`);
      writer.run("UPDATE players SET balance_minor = 3000");
      writer.run("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    expect(await ask(source, "1")).toEqual(yen(3000n));
    copyOver("backup.db", "balances.db");
    await becomes(source, yen(3000n), yen(100n));
    using writer = new Database(subject().path("balances.db"), { readwrite: true });
    writer.run("PRAGMA busy_timeout = 5000");
    writer.run("UPDATE players SET balance_minor = 200");
    expect(await ask(source, "1")).toEqual(yen(200n));
  });

  test("is answered from at once while its log is moved into it again and again, and nothing stays open", async () => {
    await own("balances.db", 0n);
    const source = await subject().open({ file: "balances.db" });
    using writer = new Database(subject().path("balances.db"), { readwrite: true });
    let open: number | undefined;
    for (let balance = 1n; balance <= 300n; balance += 1n) {
      writer.run("UPDATE players SET balance_minor = ?", [balance]);
      writer.run(`PRAGMA wal_checkpoint(${balance % 2n === 0n ? "PASSIVE" : "TRUNCATE"})`);
      if (balance % 10n === 0n) Bun.sleepSync(21);
      const answer = source.lookup(question("1"), AbortSignal.timeout(10_000));
      expect(answer).toEqual(yen(balance));
      if (balance === 100n) open = openFiles("balances.db");
    }
    expect(openFiles("balances.db")).toBe(open);
    expect(subject().messages.filter((message) => !message.includes("made"))).toEqual([]);
  });
});

function yen(balanceMinor: bigint): LookupResult {
  return { balanceMinor, exponent: 0, currency: "JPY" };
}

/** How often this process has the file or what lies beside it open, on systems that say so. */
function openFiles(name: string): number | undefined {
  if (!existsSync("/proc/self/fd")) return undefined;
  return readdirSync("/proc/self/fd").filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(subject().path(name));
    } catch {
      return false;
    }
  }).length;
}
