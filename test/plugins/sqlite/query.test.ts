import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { copyFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import type { LookupResult, Source } from "../../../src/plugin.ts";
import { ask, failure, question, subjects } from "./subject.ts";

const subject = subjects();
const FILE = "core.db";
const BALANCE = "SELECT balance FROM wallet WHERE id = :player_id";

/** The operator's own program, with its table. */
function core({ journal }: { readonly journal: "wal" | "delete" }): Database {
  const database = new Database(subject().path(FILE));
  database.run(`PRAGMA journal_mode = ${journal}`);
  database.run("CREATE TABLE IF NOT EXISTS wallet (id TEXT, balance, balance_minor, exponent, session TEXT)");
  return database;
}

/** The core is done; its file looks as if it had been so for a while. */
function leave(database: Database): void {
  database.close(true);
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(subject().path(FILE), longAgo, longAgo);
}

async function openWith(query: string, prepare = (_database: Database): void => {}): Promise<Source> {
  const database = core({ journal: "delete" });
  prepare(database);
  leave(database);
  return await subject().open({ file: FILE, query });
}

describe("what the query yields", () => {
  const values: [sql: string, expected: LookupResult][] = [
    ["30 AS balance", { balance: "30" }],
    ["9223372036854775807 AS balance", { balance: "9223372036854775807" }],
    ["'30.00' AS balance", { balance: "30.00" }],
    ["0.1 AS balance", { balance: "0.1" }],
    ["-2.0 AS balance", { balance: "-2" }],
    ["1.5e-7 AS balance", { balance: "0.00000015" }],
    ["1e21 AS balance", { balance: "1000000000000000000000" }],
    ["12345678901.25 AS balance", { balance: "12345678901.25" }],
    ["3050 AS balance_minor", { balanceMinor: 3050n, exponent: 2 }],
    [
      "9007199254740993 AS balance_minor, 3 AS exponent",
      { balanceMinor: 9_007_199_254_740_993n, exponent: 3 },
    ],
    ["-5 AS balance_minor, 0 AS exponent, 'x' AS other", { balanceMinor: -5n, exponent: 0 }],
  ];
  test.each(values)("%s", async (columns, expected) => {
    const source = await openWith(`SELECT ${columns} WHERE :player_id = '12001'`);
    expect(await ask(source, "12001")).toEqual(expected);
    expect(await ask(source, "nobody")).toBeNull();
  });

  test.each([
    ["NULL AS balance", "gives NULL as balance"],
    ["x'3330' AS balance", "gives a BLOB as balance"],
    ["9e999 AS balance", "gives an infinite REAL as balance"],
    ["1e300 AS balance", "gives a REAL as balance: expected a number of a balance's size"],
    ["NULL AS balance_minor", "gives NULL as balance_minor"],
    ["30.5 AS balance_minor", "gives a REAL as balance_minor"],
    ["'4711' AS balance_minor", "gives TEXT as balance_minor"],
    ["1 AS balance_minor, NULL AS exponent", "gives NULL as exponent"],
    ["1 AS balance_minor, 'two' AS exponent", "gives TEXT as exponent"],
  ])("%s is no balance", async (columns, expected) => {
    const source = await openWith(`SELECT ${columns} WHERE :player_id = '12001'`);
    const message = await failure(() => ask(source, "12001"));
    expect(message).toContain(expected);
    expect(message).not.toContain("4711");
    expect(await ask(source, "nobody")).toBeNull();
  });

  test("is one row", async () => {
    const source = await openWith(BALANCE, (database) => {
      database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5), ('1', 6), ('2', 7)");
    });
    expect(await failure(() => ask(source, "1"))).toContain("the query gives several rows");
    expect(await ask(source, "2")).toEqual({ balance: "7" });
  });

  test("follows the columns' names when the table is made anew", async () => {
    const database = core({ journal: "delete" });
    database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5)");
    const source = await subject().open({
      file: FILE,
      query: "SELECT * FROM (SELECT balance, id FROM wallet) WHERE id = :player_id",
    });
    expect(await ask(source, "1")).toEqual({ balance: "5" });
    database.run("DROP TABLE wallet");
    database.run("CREATE TABLE wallet (other INTEGER, balance INTEGER, id TEXT)");
    database.run("INSERT INTO wallet VALUES (666, 6, '1')");
    expect(await ask(source, "1")).toEqual({ balance: "6" });
    database.close(true);
  });

  test("may depend on the session", async () => {
    const source = await openWith(`${BALANCE} AND session = :session_id;\n`, (database) => {
      database.run("INSERT INTO wallet (id, balance, session) VALUES ('1', 5, 's-1'), ('1', 6, 's-2')");
    });
    expect(await ask(source, "1", "s-1")).toEqual({ balance: "5" });
    expect(await ask(source, "1", "s-2")).toEqual({ balance: "6" });
    expect(await ask(source, "1", "s-3")).toBeNull();
  });

  test.each(["' OR 1=1 --", "1' OR '1'='1", "__proto__", "constructor", "€".repeat(256)])(
    "is bound, not spliced: %j is only an id",
    async (playerId) => {
      const source = await openWith(BALANCE, (database) => {
        database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5)");
      });
      expect(await ask(source, playerId)).toBeNull();
      expect(await ask(source, "1")).toEqual({ balance: "5" });
    },
  );
});

describe("a query is refused", () => {
  test.each([
    ["DELETE FROM wallet WHERE id = :player_id RETURNING balance", "`query` writes: expected one SELECT"],
    ["UPDATE wallet SET balance = 0 WHERE id = :player_id", "`query` writes: expected one SELECT"],
    ["SELECT 1 AS balance, :player_id; DELETE FROM wallet", "`query` is not one SELECT"],
    [
      "EXPLAIN SELECT balance FROM wallet WHERE id = :player_id",
      "expected a column balance or balance_minor",
    ],
    ["SELECT balance FROM wallet WHERE id = ':player_id'", "does not use :player_id"],
    ["SELECT balance FROM wallet -- WHERE id = :player_id", "does not use :player_id"],
    [`${BALANCE} AND session = :sesion_id`, "has the parameter :sesion_id: expected :player_id"],
    [`${BALANCE} AND session = ?`, "has the parameter ?: expected :player_id"],
    [
      "SELECT id, balance AS ballance FROM wallet WHERE id = :player_id",
      "yields id, ballance: expected a column",
    ],
    [
      "SELECT balance, balance_minor FROM wallet WHERE id = :player_id",
      "yields both balance and balance_minor",
    ],
    ["SELECT balance FROM walet WHERE id = :player_id", "no such table: walet"],
    ["SELECT balance FROM wallet WERE id = :player_id", "syntax error"],
  ])("%s", async (query, expected) => {
    const message = await failure(() => openWith(query));
    expect(message).toContain(expected);
    expect(message).not.toContain("\n");
  });

  test("where there is no such file, and none is made", async () => {
    expect(await failure(() => subject().open({ file: FILE, query: BALANCE }))).toMatch(
      /there is no such file/,
    );
    expect(subject().files()).toEqual([]);
  });
});

describe("nothing is written beside the operator's database", () => {
  test("that has a write-ahead log and that nobody has open", async () => {
    const database = core({ journal: "wal" });
    database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5)");
    leave(database);
    const before = await Bun.file(subject().path(FILE)).bytes();
    const source = await subject().open({ file: FILE, query: BALANCE });
    expect(await ask(source, "1")).toEqual({ balance: "5" });
    await source.check?.(AbortSignal.timeout(1000));
    expect(subject().files()).toEqual([FILE]);
    await source.close?.();
    expect(subject().files()).toEqual([FILE]);
    expect(await Bun.file(subject().path(FILE)).bytes()).toEqual(before);
  });

  test("in a folder and under a name that an URI would read otherwise", async () => {
    const name = "50%20 off?immutable=0#é.db";
    const database = core({ journal: "wal" });
    database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5)");
    leave(database);
    copyFileSync(subject().path(FILE), subject().path(name));
    rmSync(subject().path(FILE));
    const source = await subject().open({ file: name, query: BALANCE });
    expect(await ask(source, "1")).toEqual({ balance: "5" });
    expect(subject().files()).toEqual([name]);
  });

  test("and still every committed change is seen by the next lookup", async () => {
    leave(core({ journal: "wal" }));
    const source = await subject().open({ file: FILE, query: BALANCE });
    expect(await ask(source, "1")).toBeNull();
    for (let balance = 1; balance <= 20; balance += 1) {
      const writer = new Database(subject().path(FILE));
      writer.run("DELETE FROM wallet");
      writer.run("INSERT INTO wallet (id, balance) VALUES ('1', ?)", [balance]);
      if (balance % 2 === 0) expect(await ask(source, "1")).toEqual({ balance: String(balance) });
      writer.close(true);
      expect(await ask(source, "1")).toEqual({ balance: String(balance) });
    }
  });

  test("left behind by a core that was killed: its last commit is read, from its log as it is", async () => {
    const database = core({ journal: "wal" });
    database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5)");
    for (const suffix of ["", "-wal", "-shm"]) {
      copyFileSync(subject().path(`${FILE}${suffix}`), subject().path(`killed.db${suffix}`));
    }
    database.close(true);
    rmSync(subject().path(FILE));
    const files = subject().files();
    const source = await subject().open({ file: "killed.db", query: BALANCE });
    expect(await ask(source, "1")).toEqual({ balance: "5" });
    await source.close?.();
    expect(subject().files()).toEqual(files);
  });
});

/** Its core goes on meanwhile. */
function copy(...suffixes: readonly string[]): void {
  using database = core({ journal: "wal" });
  database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5)");
  for (const suffix of ["", ...suffixes]) {
    copyFileSync(subject().path(`${FILE}${suffix}`), subject().path(`copy.db${suffix}`));
  }
}

describe("a copy of a database with a write-ahead log", () => {
  test("without the index of the log is refused, and by the advice it is read", async () => {
    copy("-wal");
    const message = await failure(() => subject().open({ file: "copy.db", query: BALANCE }));
    expect(message).toContain("has a log");
    const advised = /sqlite3 (\S+) "([^"]+)"/.exec(message);
    {
      using database = new Database(advised?.[1] ?? "");
      database.run(advised?.[2] ?? "");
    }
    const source = await subject().open({ file: "copy.db", query: BALANCE });
    expect(await ask(source, "1")).toEqual({ balance: "5" });
  });

  test("with an empty log and no index is read as it is", async () => {
    copy();
    writeFileSync(subject().path("copy.db-wal"), "");
    const source = await subject().open({
      file: "copy.db",
      query: "SELECT 1 AS balance WHERE :player_id = '1'",
    });
    expect(await ask(source, "1")).toEqual({ balance: "1" });
    expect(subject().files()).toEqual(["copy.db", "copy.db-wal", FILE]);
  });
});

test("a program that has the file for itself: what it has committed is answered, or nothing", async () => {
  const database = core({ journal: "wal" });
  database.run("INSERT INTO wallet (id, balance) VALUES ('1', 5)");
  leave(database);
  const source = await subject().open({ file: FILE, query: BALANCE });
  expect(await ask(source, "1")).toEqual({ balance: "5" });

  const writer = new Database(subject().path(FILE));
  writer.run("PRAGMA locking_mode = EXCLUSIVE");
  writer.run("BEGIN IMMEDIATE");
  writer.run("DELETE FROM wallet");
  expect(await ask(source, "1")).toEqual({ balance: "5" });
  writer.run("ROLLBACK");
  writer.run("UPDATE wallet SET balance = 6");
  // It keeps the index of its log to itself, so nobody else can tell what is in the log.
  const locked = source.lookup(question("1"), AbortSignal.timeout(20));
  expect(await failure(() => locked)).toContain("has a log");
  writer.close(true);
  expect(await ask(source, "1")).toEqual({ balance: "6" });
});
