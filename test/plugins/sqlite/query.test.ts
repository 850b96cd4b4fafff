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
    ["-5 AS balance_minor, 0 AS exponent", { balanceMinor: -5n, exponent: 0 }],
    // Names are matched without case: 3 decimals, not 2.
    ["3050 AS Balance_Minor, 3 AS EXPONENT", { balanceMinor: 3050n, exponent: 3 }],
    ["'4711.00' AS balance_minor", { balanceMinor: 4711n, exponent: 2 }],
    ["3050 AS balance_minor, 'EUR' AS currency", { balanceMinor: 3050n, exponent: 2, currency: "EUR" }],
    [
      "3000 AS balance_minor, 2 AS exponent, 'KWD' AS currency",
      { balanceMinor: 3000n, exponent: 2, currency: "KWD" },
    ],
    ["3000 AS balance, 'JPY' AS currency", { balance: "3000", currency: "JPY" }],
    [
      "3000 AS balance_minor, 2 AS exponent, 'XXQ' AS currency",
      { balanceMinor: 3000n, exponent: 2, currency: "XXQ" },
    ],
    ["30 AS balance, 'EUR  ' AS currency", { balance: "30", currency: "EUR" }],
    ["30 AS balance, NULL AS currency, NULL AS status_code", { balance: "30" }],
    ["NULL AS balance, 'ERR_PLAYER_BLOCKED' AS status_code", { refused: "ERR_PLAYER_BLOCKED" }],
    ["30 AS balance, '12001' AS player_id", { balance: "30" }],
    ["30 AS balance, 12001 AS PLAYER_ID", { balance: "30" }],
  ];
  test.each(values)("%s", async (columns, expected) => {
    const source = await openWith(`SELECT ${columns} WHERE :player_id = '12001'`);
    expect(await ask(source, "12001")).toEqual(expected);
    expect(await ask(source, "nobody")).toBeNull();
  });

  test.each([
    ["NULL AS balance", "gives NULL as balance"],
    ["x'3330' AS balance", "gives a value of another type as balance"],
    ["9e999 AS balance", "gives a REAL as balance, of a size that no balance has"],
    ["1e300 AS balance", "gives a REAL as balance, of a size that no balance has"],
    ["NULL AS balance_minor", "gives NULL as balance_minor"],
    // 3000 fils of Kuwait are 3 dinars, not 30.
    ["3000 AS balance_minor, 'KWD' AS currency", "KWD has 3 decimals, and exponent is not set: let `query`"],
    ["3000 AS balance_minor, 'XXQ' AS currency", "XXQ is not known, and exponent is not set: let `query`"],
    ["30.5 AS balance_minor", "gives a floating-point number as balance_minor"],
    ["'4711.5' AS balance_minor", "gives a text that is not an integer as balance_minor"],
    ["'4711,50' AS balance", "gives a text with a comma as balance"],
    ["30 AS balance, 'OK' AS status_code", "gives OK as status_code: expected NULL unless it refuses"],
    ["30 AS balance, 0 AS status_code", "gives an integer as status_code: expected text"],
    ["30 AS balance, 978 AS currency", "gives an integer as currency: expected text"],
    ["4711 AS balance, '12002' AS player_id", "gave another player's row"],
    ["4711 AS balance, '12001 ' AS player_id", "gave another player's row"],
    ["4711 AS balance, NULL AS player_id", "gave another player's row"],
    ["'ERR_PLAYER_BLOCKED' AS status_code, 1 AS balance, '12002' AS player_id", "gave another player's row"],
    ["1 AS balance_minor, NULL AS exponent", "gives NULL as exponent"],
    ["1 AS balance_minor, 'two' AS exponent", "gives a text that is not an integer as exponent"],
  ])("%s is not a balance", async (columns, expected) => {
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

  test("follows the columns' names when the table is made again", async () => {
    const database = core({ journal: "delete" });
    database.run("CREATE TABLE account (player_id TEXT, balance INTEGER)");
    database.run("INSERT INTO account VALUES ('1', 5)");
    const source = await subject().open({
      file: FILE,
      query: "SELECT * FROM account WHERE player_id = :player_id",
    });
    expect(await ask(source, "1")).toEqual({ balance: "5" });
    database.run("DROP TABLE account");
    database.run("CREATE TABLE account (CURRENCY TEXT, balance INTEGER, player_id TEXT)");
    database.run("INSERT INTO account VALUES ('EUR', 6, '1')");
    expect(await ask(source, "1")).toEqual({ balance: "6", currency: "EUR" });
    database.run("ALTER TABLE account ADD COLUMN bonus INTEGER");
    expect(await failure(() => ask(source, "1"))).toContain("yields the column bonus");
    database.close(true);
  });

  test("fails when a column is doubled by a table that is made again", async () => {
    const database = core({ journal: "delete" });
    database.run("CREATE TABLE account (player_id TEXT, balance INTEGER); CREATE TABLE more (currency TEXT)");
    database.run("INSERT INTO account VALUES ('1', 5); INSERT INTO more VALUES ('EUR')");
    const query = "SELECT account.*, more.* FROM account, more WHERE player_id = :player_id";
    const source = await subject().open({ file: FILE, query });
    expect(await ask(source, "1")).toEqual({ balance: "5", currency: "EUR" });
    database.run("DROP TABLE more; CREATE TABLE more (balance INTEGER); INSERT INTO more VALUES (50)");
    expect(await failure(() => ask(source, "1"))).toMatch(/yields (the column balance:1|balance twice)/);
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

describe("a REAL", () => {
  test.each([
    ["0.1 + 0.2", 2, "0.30"],
    ["0.125", 2, "0.12"],
    ["0.375", 2, "0.38"],
    ["-1.5", 0, "-2"],
    ["1e21", 2, "1000000000000000000000"],
    // What is exact stays as it is, whatever decimals it has.
    ["'0.125'", 2, "0.125"],
    ["125", 0, "125"],
  ])("of %s, rounded to %d decimals, is %s", async (value, round, balance) => {
    leave(core({ journal: "delete" }));
    const query = `SELECT ${value} AS balance WHERE :player_id = '12001'`;
    const source = await subject().open({ file: FILE, query, round });
    expect(await ask(source, "12001")).toEqual({ balance });
  });

  test("is read as it is unless round says otherwise, and minor units are never one", async () => {
    leave(core({ journal: "delete" }));
    const query = "SELECT 0.1 + 0.2 AS balance WHERE :player_id <> ''";
    const source = await subject().open({ file: FILE, query });
    expect(await ask(source, "1")).toEqual({ balance: "0.30000000000000004" });
    const minor = { file: FILE, query: "SELECT 3000.0 AS balance_minor WHERE :player_id <> ''", round: 2 };
    expect(await failure(async () => ask(await subject().open(minor), "1"))).toContain(
      "gives a floating-point number as balance_minor",
    );
  });

  test("round belongs to a query", async () => {
    expect(await failure(() => subject().open({ file: FILE, round: 2 }))).toBe(
      "expected no round: it belongs to `query`",
    );
  });
});

async function rehearsed(declaration: string, query: string, round?: number): Promise<readonly string[]> {
  const database = core({ journal: "delete" });
  database.run(`CREATE TABLE account (${declaration})`);
  database.run("INSERT INTO account (id, balance) VALUES (12001, 30.5)");
  leave(database);
  const source = await subject().open({ file: FILE, query, round }, { isRehearsal: true });
  expect(await ask(source, "12001")).not.toBeNull();
  return subject().messages.filter((message) => message.startsWith("warn"));
}

describe("a rehearsal warns", () => {
  test.each([
    ["id TEXT, balance REAL", "SELECT balance FROM account WHERE id = :player_id", "balances as REAL"],
    [
      "id TEXT, balance DECIMAL(10,2)",
      "SELECT balance FROM account WHERE id = :player_id",
      "balances as REAL",
    ],
    [
      "id TEXT, balance",
      "SELECT balance + 1 AS balance FROM account WHERE id = :player_id",
      "balances as REAL",
    ],
  ])("of (%s) %s", async (declaration, query, warning) => {
    const [first, ...others] = await rehearsed(declaration, query);
    expect(first).toContain(warning);
    expect(others).toEqual([]);
  });

  test.each([
    ["id TEXT, balance TEXT", "SELECT balance FROM account WHERE id = :player_id", undefined],
    [
      "id INTEGER, balance TEXT",
      "SELECT balance, id AS player_id FROM account WHERE id = :player_id",
      undefined,
    ],
    [
      "id INTEGER, balance TEXT",
      "SELECT balance FROM account WHERE CAST(id AS TEXT) = :player_id",
      undefined,
    ],
    ["id TEXT, balance REAL", "SELECT balance FROM account WHERE id = :player_id", 2],
  ])("not of (%s) %s", async (declaration, query, round) => {
    expect(await rehearsed(declaration, query, round)).toEqual([]);
  });
});

async function withAccounts(declaration: string, query: string): Promise<Source> {
  return await openWith(query, (database) => {
    database.run(`CREATE TABLE account (${declaration})`);
    database.run(
      "INSERT INTO account VALUES ('12001', 30), ('9007199254740992', 0), ('007', 0), ('7', 8), ('042', 5), ('42', 5)",
    );
  });
}

describe("a number's other spellings get nobody's balance", () => {
  const OTHERS = ["012001", " 12001", "12001 ", "12001.0", "1.2001e4", "+12001"];

  test.each([
    ["id INTEGER, balance", "SELECT balance FROM account WHERE id = :player_id"],
    ["id BIGINT, balance", 'SELECT balance FROM account AS a WHERE :player_id = "id"'],
    ["id NUMERIC, balance", "SELECT balance FROM account WHERE id IN (:player_id)"],
    [
      "id REAL, balance",
      "SELECT balance FROM (SELECT id AS number, balance FROM account) WHERE number = :player_id",
    ],
  ])("without player_id, of (%s) by %s", async (declaration, query) => {
    const source = await withAccounts(declaration, query);
    expect(await ask(source, "12001")).toEqual({ balance: "30" });
    for (const other of [...OTHERS, "9007199254740992.0", "-0012001"]) {
      const answer = await ask(source, other).catch((error: Error) => error.message);
      expect(JSON.stringify(answer)).toMatch(
        /^null$|^"the query takes this id for the number that it spells/,
      );
    }
    expect(await failure(() => ask(source, "012001"))).toContain(
      "let it yield the stored id as player_id, too",
    );
  });

  test("with player_id, which is compared", async () => {
    const query = "SELECT balance, id AS player_id FROM account WHERE id = :player_id";
    const source = await withAccounts("id INTEGER, balance", query);
    expect(await ask(source, "12001")).toEqual({ balance: "30" });
    for (const other of OTHERS) {
      expect(await failure(() => ask(source, other))).toContain("gave another player's row");
    }
  });

  test("but a text is what it is, zeros included", async () => {
    const source = await withAccounts(
      "id TEXT, balance",
      "SELECT balance FROM account WHERE id = :player_id",
    );
    expect(await Promise.all(["007", "7", "07", ...OTHERS].map((id) => ask(source, id)))).toEqual([
      { balance: "0" },
      { balance: "8" },
      null,
      ...OTHERS.map(() => null),
    ]);
    // Two players who have the same.
    expect(await Promise.all(["042", "42"].map((id) => ask(source, id)))).toEqual([
      { balance: "5" },
      { balance: "5" },
    ]);
  });

  test("not even while the balance changes with every read", async () => {
    const database = core({ journal: "wal" });
    database.run("CREATE TABLE account (id INTEGER, balance INTEGER)");
    database.run("INSERT INTO account VALUES (12001, 0)");
    const source = await subject().open({
      file: FILE,
      query: "SELECT balance FROM account WHERE id = :player_id",
    });
    await using writer = Bun.spawn([process.execPath, "-e", WRITER, subject().path(FILE)], {
      stdout: "pipe",
    });
    await writer.stdout.getReader().read();
    for (let attempt = 0; attempt < 3000; attempt += 1) {
      expect(await failure(() => ask(source, "012001"))).toContain("for the number that it spells");
    }
    expect(await ask(source, "12001")).not.toEqual({ balance: "0" });
    database.close(true);
  });
});

/** Raises the balance as fast as it can, and says so once it has. */
const WRITER = `import { Database } from "bun:sqlite";
const database = new Database(process.argv[1]);
database.run("PRAGMA busy_timeout = 5000");
for (let n = 0; ; n += 1) {
  database.run("UPDATE account SET balance = balance + 1");
  if (n === 0) console.log("begun");
}`;

describe("a query that takes another player's id for the one that was asked", () => {
  const columns =
    "id TEXT, nick VARCHAR(20) NOT NULL COLLATE NOCASE, padded TEXT DEFAULT 'x' COLLATE \"RTRIM\", balance INTEGER";

  async function opening(condition: string, columnsYielded = "balance"): Promise<Source> {
    const query = `SELECT ${columnsYielded} FROM account WHERE ${condition}`;
    const database = core({ journal: "delete" });
    database.run(`CREATE TABLE account (${columns})`);
    database.run("INSERT INTO account VALUES ('Abc', 'Abc', 'Abc', 30)");
    leave(database);
    return await subject().open({ file: FILE, query });
  }

  test.each([
    ["id LIKE :player_id", "LIKE"],
    ["id GLOB :player_id", "GLOB"],
    ["lower(id) = lower(:player_id)", "lower()"],
    ["id = :player_id COLLATE NOCASE", "COLLATE NOCASE"],
    ["nick = :player_id", "the collation NOCASE of account.nick"],
    ["nick IN (:player_id)", "the collation NOCASE of account.nick"],
    ["(account.[nick]) = (:player_id)", "the collation NOCASE of account.nick"],
    ["nick IS NOT DISTINCT FROM :player_id", "the collation NOCASE of account.nick"],
    ["(nick, 1) = (:player_id, 1)", "the collation NOCASE of account.nick"],
    [":player_id = account.padded", "the collation RTRIM of account.padded"],
    ["CAST(id AS INTEGER) = CAST(:player_id AS INTEGER)", "CAST to INTEGER"],
  ])("is refused without player_id, and with it answers nobody else: %s", async (condition, by) => {
    expect(await failure(() => opening(condition))).toContain(
      `\`query\` compares the id by ${by}, so that a player may get the balance of another one whose id is similar: ` +
        "add the stored id to its columns, as player_id",
    );
    rmSync(subject().path(FILE));
    const source = await opening(condition, "id AS player_id, balance");
    for (const other of ["abc", "Abc ", "A%", "Ab*", "x"]) {
      const answer = await ask(source, other).catch((error: Error) => error.message);
      expect(JSON.stringify(answer)).toMatch(/^null$|^"the query gave another player's row/);
    }
  });

  test.each(["id = :player_id", "id = :player_id AND nick LIKE 'a%'"])(
    "but not one that compares exactly: %s",
    async (condition) => {
      const source = await opening(condition);
      expect(await ask(source, "Abc")).toEqual({ balance: "30" });
      expect(await ask(source, "abc")).toBeNull();
    },
  );
});

test("a row of nobody's is not the player's who is called null", async () => {
  const source = await openWith("SELECT 30 AS balance, NULL AS player_id WHERE :player_id = 'null'");
  expect(await failure(() => ask(source, "null"))).toContain("gave another player's row");
});

describe("a query is refused", () => {
  test.each([
    ["DELETE FROM wallet WHERE id = :player_id RETURNING balance", "`query` writes: expected one SELECT"],
    ["UPDATE wallet SET balance = 0 WHERE id = :player_id", "`query` writes: expected one SELECT"],
    ["SELECT 1 AS balance, :player_id; DELETE FROM wallet", "`query` is not one SELECT"],
    ["SELECT *, balance + 5 AS balance FROM wallet WHERE id = :player_id", "`query` yields balance twice"],
    ["SELECT balance, 5 AS Balance FROM wallet WHERE id = :player_id", "`query` yields balance twice"],
    [
      "SELECT b.balance, w.balance FROM wallet b, wallet w WHERE b.id = :player_id",
      "`query` yields balance twice",
    ],
    [
      "SELECT balance_minor, exponent, 3 AS exponent FROM wallet WHERE id = :player_id",
      "yields exponent twice",
    ],
    ["SELECT balance, 'x' AS curency FROM wallet WHERE id = :player_id", 'curency, did you mean "currency"?'],
    [
      "SELECT balance, 2 AS exponent FROM wallet WHERE id = :player_id",
      "yields exponent without balance_minor",
    ],
    [`${BALANCE} AND session = @session`, "has the parameter @session"],
    [`${BALANCE} AND session = $1`, "has the parameter $1"],
    [`${BALANCE} AND '`, "unrecognized token"],
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
