import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { Source } from "../../../src/plugin.ts";
import { builtIns } from "../../../src/source/built-in.ts";
import { conforms } from "../../conformance.ts";
import { ask, failure } from "../../plugins/postgres/subject.ts";
import { startRewordingProxy } from "../../plugins/postgres/rewording-proxy.ts";
import { makeCertificates } from "../../plugins/rest/certificates.ts";
import { checkedElsewhere } from "../checked.ts";
import { freePort } from "../free-port.ts";
import { endMariaDb, type MariaDbServer, startMariaDb } from "../mariadb-server.ts";
import { startMovingPooler } from "../moving-pooler.ts";
import { openMysql } from "./open-mysql.ts";

const SLOW_MS = 60_000;
const BY_ID = "SELECT id AS player_id, balance FROM wallet WHERE id = :player_id";
const THIRTY = { balance: "30.5000" };

// Here, because a start may take longer than a test. The second one has the worst default that there is.
const server = await startMariaDb();
const second = await startMariaDb("--autocommit=0");

afterAll(endMariaDb);

const TABLES = [
  `CREATE TABLE casino.wallet (id varchar(64) PRIMARY KEY, balance decimal(30, 4), cents bigint, unsigned_cents bigint unsigned,
   rate double, code char(6), blocked varchar(20), session varchar(64)) CHARSET utf8mb4 COLLATE utf8mb4_general_ci`,
  `INSERT INTO casino.wallet VALUES ('Abc', 30.5, 3050, 18446744073709551615, 0.1, 'EUR', NULL, 's-1'),
   ('42abc', 1, 1, 1, 1, NULL, 'ERR_PLAYER_BLOCKED', 's-2'), ('exact', 12345678901234567890.1234, 9223372036854775807, 1, 1, 'JPY', NULL, NULL)`,
  "CREATE TABLE casino.numbered (id bigint PRIMARY KEY, balance decimal(10, 2))",
  "INSERT INTO casino.numbered VALUES (42, 4), (9007199254740992, 5), (9007199254740993, 6)",
  "CREATE TABLE casino.rowless (id decimal(20), balance decimal(10, 2))",
  "INSERT INTO casino.numbered VALUES (3050, 1)",
  "CREATE TABLE casino.twice (id varchar(64), balance int)",
  "INSERT INTO casino.twice VALUES ('1', 1), ('1', 2), ('2', 3)",
];

beforeAll(async () => {
  await server.run(...TABLES);
  await second.run(...TABLES);
}, SLOW_MS);

const opened: Source[] = [];

afterEach(async () => {
  for (const source of opened.splice(0)) await source.close?.();
  for (const each of [server, second]) each.thaw();
});

function optionsFor(...servers: readonly { readonly port: number }[]) {
  return {
    hosts: servers.map(({ port }) => `127.0.0.1:${port}`),
    database: "casino",
    user: "klas",
    query: BY_ID,
  };
}

async function open(...given: Parameters<typeof openMysql>) {
  const result = await openMysql(...given);
  opened.push(result.source);
  return result;
}

async function answers(query: string, ids: readonly string[], further = {}): Promise<readonly unknown[]> {
  const { source } = await open({ ...optionsFor(server), query, ...further });
  return await Promise.all(ids.map((id) => ask(source, id).catch((error: Error) => error.message)));
}

const mysql = builtIns.get("mysql");
if (mysql === undefined) throw new Error("mysql is not built in");
for (const [name, further] of Object.entries({
  "": {},
  " one by one": { batch: false },
  " behind a pooler": { pooler: true },
})) {
  conforms(`mysql${name}`, () => ({
    plugin: mysql,
    options: { ...optionsFor(server), ...further },
    directory: ".",
    timeoutMs: 2000,
    knownPlayer: "Abc",
    balance: "30.5",
  }));
}

describe("MySQL: an operator's query answers exactly", () => {
  test.each([
    ["balance", { balance: "30.5000" }, { balance: "12345678901234567890.1234" }],
    [
      "cents AS balance_minor",
      { balanceMinor: 3050n, exponent: 2 },
      { balanceMinor: 9_223_372_036_854_775_807n, exponent: 2 },
    ],
    [
      "unsigned_cents AS balance_minor, 0 AS exponent",
      { balanceMinor: 18_446_744_073_709_551_615n, exponent: 0 },
      { balanceMinor: 1n, exponent: 0 },
    ],
    [
      "balance, code AS currency",
      { balance: "30.5000", currency: "EUR" },
      { balance: "12345678901234567890.1234", currency: "JPY" },
    ],
  ])("%s", async (columns, known, exact) => {
    const query = `SELECT id AS player_id, ${columns} FROM wallet WHERE id = :player_id # why`;
    expect(await answers(query, ["Abc", "nobody", "exact"])).toEqual([known, null, exact]);
  });

  test("minor units of a currency with other decimals than 2 need an exponent", async () => {
    const columns = "SELECT id AS player_id, 3000 AS balance_minor, code AS currency";
    const rows = "FROM wallet WHERE id = :player_id";
    const thirty = { balanceMinor: 3000n, exponent: 2, currency: "EUR" };
    const problem =
      "JPY has 0 decimals, and exponent is not set: let `query` yield a column exponent, 0 for JPY";
    expect(await answers(`${columns} ${rows}`, ["Abc", "exact"])).toEqual([thirty, problem]);
    expect(await answers(`${columns}, 2 AS exponent ${rows}`, ["exact"])).toEqual([
      { ...thirty, currency: "JPY" },
    ]);
  });

  test("a status_code refuses, the session counts, several rows are nobody's balance", async () => {
    expect(
      await answers(
        "SELECT id AS player_id, balance, blocked AS status_code FROM wallet WHERE id = :player_id",
        ["42abc", "Abc"],
      ),
    ).toEqual([{ refused: "ERR_PLAYER_BLOCKED" }, THIRTY]);
    const { source } = await open({ ...optionsFor(server), query: `${BY_ID} AND session = :session_id` });
    expect(await ask(source, "Abc", { sessionId: "s-1" })).toEqual(THIRTY);
    expect(await ask(source, "Abc", { sessionId: "s-2" })).toBeNull();
    const several = "the query gives several rows: expected one for a player";
    const twice = "SELECT id AS player_id, balance FROM twice WHERE id = :player_id";
    expect(await answers(twice, ["1", "2", "1"])).toEqual([several, { balance: "3" }, several]);
  });
});

describe("MySQL: an id that the server takes for another", () => {
  const others = ["abc", "ABC", "Abc ", "ABC  ", "\u00c1bc"];

  test("is nobody's balance if the query gives the stored id", async () => {
    const [exact, ...answered] = await answers(BY_ID, ["Abc", ...others]);
    expect(exact).toEqual(THIRTY);
    for (const answer of answered)
      expect(String(answer)).toMatch(/^null$|^the query gave another player's row/);
  });

  test("is nobody's balance if it does not but compares it as it is", async () => {
    const query = "SELECT balance FROM wallet WHERE id = :player_id";
    expect(await answers(query, ["Abc", ...others])).toEqual([THIRTY, ...others.map(() => null)]);
  });

  test.each([
    ["LOWER(id) = LOWER(:player_id)", "lower()", "abc"],
    ["id LIKE :player_id", "LIKE", "A%"],
    ["id SOUNDS LIKE :player_id", "SOUNDS", "exect"],
    ["id REGEXP :player_id", "REGEXP", "^A"],
    ["id = CAST(:player_id AS CHAR)", "CAST to CHAR", "abc"],
    ["id = CONVERT(:player_id USING utf8mb4)", "CONVERT to utf8mb4", "abc"],
    ["id COLLATE utf8mb4_bin = :player_id", "COLLATE utf8mb4_bin", "Abc "],
  ])("is refused at the start unless the stored id shows: WHERE %s", async (condition, by, id) => {
    const query = `SELECT balance FROM wallet WHERE ${condition}`;
    const message = await failure(open({ ...optionsFor(server), query }));
    expect(message).toContain(
      `\`query\` compares the id by ${by}, so that a player may get the balance of another`,
    );
    expect(message).toContain("add the stored id to its columns, as player_id");
    expect(await answers(query.replace("SELECT", "SELECT id AS player_id,"), [id])).toEqual([
      "the query gave another player's row: its player_id is not the one that was asked",
    ]);
  });

  test.each([
    "id LIKE :player_id AND id = :player_id",
    "CAST(id AS BINARY) = :player_id",
    "CONCAT('u', id) = CONCAT('u', :player_id)",
    "`wallet`.`id` = :player_id",
    "`cents` = 3050 AND wallet.id = :player_id",
  ])("is accepted and exact: WHERE %s", async (condition) => {
    const query = `SELECT balance FROM wallet WHERE ${condition}`;
    expect(await answers(query, ["Abc", ...others])).toEqual([THIRTY, ...others.map(() => null)]);
  });

  test.each([false, true])(
    "is refused if the column is a number, for which 42abc is 42 (pooler = %p)",
    async (pooler) => {
      for (const query of [
        "SELECT balance FROM numbered WHERE id = :player_id",
        "SELECT n.balance FROM numbered AS n WHERE `n`.id = :player_id AND :session_id IS NOT NULL",
        "SELECT balance FROM rowless WHERE casino.rowless.id IN (:player_id)",
        "SELECT w.balance FROM wallet w JOIN numbered n ON n.id = w.cents WHERE n.id = :player_id",
      ]) {
        expect(await failure(open({ ...optionsFor(server), query, pooler }))).toContain(
          "`query` compares the id with a column that is no text, for which 42abc is 42: add the stored id to its columns, as player_id",
        );
      }
    },
  );

  test("bigint: 42abc is not 42, whatever the column, and neighbours beyond 2^53 are two players", async () => {
    const numbered = "SELECT id AS player_id, balance FROM numbered WHERE id = :player_id";
    const ids = ["42", "42abc", "042", "42 ", "4.2e1", "9007199254740992", "9007199254740993"];
    expect(await answers(numbered, ids, { id_type: "bigint" })).toEqual([
      { balance: "4.00" },
      null,
      null,
      null,
      null,
      { balance: "5.00" },
      { balance: "6.00" },
    ]);
    // A column of text, of which the server makes numbers.
    expect(await answers(BY_ID, ["42"], { id_type: "bigint" })).toEqual([
      "the query gave another player's row: its player_id is not the one that was asked",
    ]);
    expect(
      await failure(
        open({
          ...optionsFor(server),
          query: "SELECT balance FROM numbered WHERE id = :player_id",
          id_type: "bigint",
        }),
      ),
    ).toContain("needs the stored id among the columns of `query`, as player_id");
  });
});

describe("MySQL: refused at the start, in plain words", () => {
  test.each([
    [
      "SELECT id AS player_id, rate AS balance FROM wallet WHERE id = :player_id",
      "balance as a floating-point number",
    ],
    [
      "SELECT balance, balance FROM wallet WHERE id = :player_id",
      "is asked for a column twice: Duplicate column name 'balance'",
    ],
    ["SELECT * FROM wallet WHERE id = :player_id", "yields the column id"],
    ["SELECT ballance FROM wallet WHERE id = :player_id", "knows no such column: Unknown column 'ballance'"],
    ["SELECT balance FROM walet WHERE id = :player_id", "knows no such table"],
    ["SELEC balance FROM wallet WHERE id = :player_id", "does not understand the query"],
    ["DELETE FROM wallet WHERE id = :player_id RETURNING balance", "does not understand the query"],
    ["SELECT user AS balance FROM mysql.user WHERE user = :player_id", "does not let this user read"],
    [
      "SELECT trx_id AS balance FROM information_schema.innodb_trx WHERE trx_state = :player_id",
      "does not let this user do what the query does: Access denied; you need",
    ],
  ])("%s", async (query, expected) => {
    const message = await failure(open({ ...optionsFor(server), query }));
    expect(message).toContain(expected);
    expect(message).not.toContain("\n");
  });

  test("a wrong password, a database that does not exist, no TLS, nothing that listens", async () => {
    const options = optionsFor(server);
    expect(await failure(open({ ...options, password: "horse" }))).toContain(
      'does not let the user "klas" in',
    );
    await server.run("CREATE USER kept@'%' IDENTIFIED BY 'horse'");
    expect(await failure(open({ ...options, user: "kept" }))).toContain(
      'wants a password of the user "kept": set password',
    );
    expect(await failure(open({ ...options, database: "casinoo" }))).toContain(
      'has no database "casinoo" for this user',
    );
    expect(await failure(open({ ...options, tls: { mode: "require" } }))).toContain("offers no TLS");
    const port = freePort();
    expect(
      await failure(open({ ...options, hosts: [`127.0.0.1:${port}`] }, { isRehearsal: true })),
    ).toContain(`nothing listens on port ${port}`);
  });
});

describe("MySQL: after a fault", () => {
  test(
    "a killed connection, a restart and a hanging server are survived by themselves",
    async () => {
      const { source, counts } = await open({ ...optionsFor(server), connections: 1 }, { timeoutMs: 1000 });
      for (let round = 1; round <= 3; round += 1) {
        expect(await ask(source, "Abc")).toEqual(THIRTY);
        const [connection] = await server.run(
          "SELECT max(id) AS id FROM information_schema.processlist WHERE user = 'klas'",
        );
        await server.run(`KILL ${String(v.parse(v.looseObject({ id: v.any() }), connection).id)}`);
        expect(await ask(source, "Abc")).toEqual(THIRTY);
      }
      expect(counts["connection_discarded"]).toBe(3);
      await server.end("SIGKILL");
      await server.start();
      expect(await ask(source, "Abc")).toEqual(THIRTY);
      await server.freeze();
      expect(await failure(ask(source, "Abc", { withinMs: 1000 }))).toContain("did not answer");
      server.thaw();
      expect(await ask(source, "Abc")).toEqual(THIRTY);
    },
    SLOW_MS,
  );

  test(
    "of the first host the second one answers, and one that takes no writes is passed over",
    async () => {
      const { source } = await open(optionsFor(server, second));
      expect(await ask(source, "Abc")).toEqual(THIRTY);
      await server.end("SIGKILL");
      expect(await ask(source, "Abc")).toEqual(THIRTY);
      await server.start();
      await second.run("SET GLOBAL read_only = 1");
      await server.run("UPDATE casino.wallet SET balance = 31 WHERE id = 'Abc'");
      expect(await ask(source, "Abc")).toEqual({ balance: "31.0000" });
      await server.run("UPDATE casino.wallet SET balance = 30.5 WHERE id = 'Abc'");
      expect(await failure(open(optionsFor(second), { isRehearsal: true }))).toContain(
        "takes no writes, as a replica",
      );
      await second.run("SET GLOBAL read_only = 0");
    },
    SLOW_MS,
  );
});

describe("MySQL: what was never committed is read by nobody", () => {
  test(
    "whatever the server's default is",
    async () => {
      await second.run("SET GLOBAL TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
      try {
        const { source } = await open(optionsFor(second));
        const update = "UPDATE casino.wallet SET balance = 99 WHERE id = 'Abc'";
        const writing = second.run("START TRANSACTION", update, "SELECT SLEEP(1.5)", "ROLLBACK");
        await Bun.sleep(700);
        expect(await ask(source, "Abc")).toEqual(THIRTY);
        await writing;
        expect(await failure(open({ ...optionsFor(second), pooler: true }, { isRehearsal: true }))).toContain(
          "set transaction_isolation = READ-COMMITTED",
        );
      } finally {
        await second.run("SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ");
      }
    },
    SLOW_MS,
  );
});

describe("MySQL: behind a pooler, servers have other variables", () => {
  const WITHOUT_GALERA = ["@@wsrep_on", "@@wsrep_no"] as const;

  test("one without those of Galera answers", async () => {
    using other = startRewordingProxy(server.port, ...WITHOUT_GALERA);
    const { source } = await open({ ...optionsFor(other), pooler: true });
    expect(await ask(source, "Abc")).toEqual(THIRTY);
  });

  test.each([
    ["and then by its name it has them", "'%wsrep%'", "'%debia%'", "a server of another make"],
    ["and then it is MariaDB", "%mariadb%') = 1", "%mariadb%') = 0", "a server of another make"],
    ["and none for what it reads", "@@tx_isolation", "@@no_isolation", "does not say whether it reads"],
  ])("one without those of Galera, %s, does not", async (_name, words, others, expected) => {
    using without = startRewordingProxy(server.port, ...WITHOUT_GALERA);
    using other = startRewordingProxy(without.port, words, others);
    expect(await failure(open({ ...optionsFor(other), pooler: true }, { isRehearsal: true }))).toContain(
      expected,
    );
  });

  test("one that does not know a variable of the statement is given up", async () => {
    using other = startRewordingProxy(
      server.port,
      "ALL\n(SELECT CAST(? AS CHAR)",
      "ALL\n(SELECT @@no_variable_x",
    );
    const { source, counts } = await open({ ...optionsFor(other), pooler: true });
    expect(await ask(source, "Abc")).toEqual(THIRTY);
    const two = Promise.all([ask(source, "Abc"), ask(source, "exact")]);
    expect(await failure(two)).toContain("a server of another make");
    expect(counts["connection_discarded"]).toBeGreaterThan(0);
    expect(await ask(source, "Abc")).toEqual(THIRTY);
  });
});

/** Leads a source from `server` to another one that was just started and has another balance, and back. */
async function ledTo(other: MariaDbServer, expected: string): Promise<void> {
  await other.run("UPDATE casino.wallet SET balance = 99 WHERE id = 'Abc'");
  await server.end();
  await server.start();
  using pooler = startMovingPooler(server.port, other.port);
  const { source, messages } = await open({ ...optionsFor(pooler), pooler: true, connections: 1 });
  for (let round = 1; round <= 2; round += 1) {
    expect(await ask(source, "Abc")).toEqual(THIRTY);
    await pooler.leadTo(1);
    await failure(ask(source, "Abc", { withinMs: 1500 }));
    expect(messages.join("\n")).toContain(expected);
    await pooler.leadTo(0);
  }
  expect(await ask(source, "Abc")).toEqual(THIRTY);
}

describe("MySQL: each answer from behind a pooler shows that its server reads soundly", () => {
  test(
    "what was committed",
    async () => {
      const unsound = await startMariaDb("--transaction-isolation=READ-UNCOMMITTED");
      await unsound.run(...TABLES);
      await ledTo(unsound, "set transaction_isolation = READ-COMMITTED");
      await unsound.end();
    },
    SLOW_MS,
  );

  test(
    "what the other nodes of Galera have committed, too",
    async () => {
      const node = await startMariaDb(
        "--wsrep_on=ON",
        "--wsrep_provider=/usr/lib/galera/libgalera_smm.so",
        "--wsrep_cluster_address=gcomm://",
        `--wsrep_provider_options=base_port=${freePort()}`,
        "--binlog_format=ROW",
      );
      await node.run(...TABLES);
      const pooled = { ...optionsFor(node), pooler: true };
      expect(await failure(open(pooled, { isRehearsal: true }))).toContain("set wsrep_sync_wait = 1");
      await ledTo(node, "set wsrep_sync_wait = 1");
      await node.run("SET GLOBAL wsrep_sync_wait = 1");
      const { source } = await open(pooled);
      expect(await ask(source, "Abc")).toEqual({ balance: "99.0000" });
      await node.end();
    },
    SLOW_MS,
  );
});

test(
  "MySQL: by TLS the server's certificate and its name are verified",
  async () => {
    await using certificates = await makeCertificates();
    const { directory } = certificates;
    await certificates.issue("server", "DNS:localhost");
    // The server is another user than the one who made them.
    chmodSync(directory, 0o755);
    for (const name of ["ca.pem", "server.pem", "server.key"]) chmodSync(join(directory, name), 0o644);
    const files = ["ca=ca.pem", "cert=server.pem", "key=server.key"].map(
      (file) => `--ssl-${file.replace("=", `=${directory}/`)}`,
    );
    const encrypted = await startMariaDb(...files);
    await encrypted.run(...TABLES);
    const options = { ...optionsFor(encrypted), hosts: [`localhost:${encrypted.port}`] };
    const tls = { mode: "verify-full", ca: join(directory, "ca.pem") } as const;
    expect(await ask((await open({ ...options, tls })).source, "Abc")).toEqual(THIRTY);
    expect(await ask((await open({ ...options, tls: { mode: "require" } })).source, "Abc")).toEqual(THIRTY);
    expect(await failure(open({ ...options, tls: {} }))).toContain("of an authority that is not known here");
    expect(await failure(open({ ...optionsFor(encrypted), tls }))).toContain("certificate for another name");
  },
  SLOW_MS,
);

test("MySQL: no variable of the environment changes where it connects to, or how", async () => {
  const table = `plugin = "mysql"\nhosts = ["127.0.0.1:${server.port}"]\ndatabase = "casino"\nuser = "klas"\nquery = "${BY_ID}"`;
  const elsewhere = "mysql://other:secret@127.0.0.1:1/elsewhere?sslmode=require";
  const urls = ["DATABASE_URL", "MYSQL_URL", "MARIADB_URL", "TLS_DATABASE_URL", "TLS_MYSQL_DATABASE_URL"];
  const environment = {
    ...Object.fromEntries(urls.map((name) => [name, elsewhere])),
    MYSQL_HOST: "127.0.0.2",
    MYSQL_PORT: "1",
    MYSQL_TCP_PORT: "1",
    MYSQL_USER: "other",
    MYSQL_PASSWORD: "secret",
    MYSQL_PWD: "secret",
    MYSQL_DATABASE: "elsewhere",
    USER: "other",
  };
  expect(await checkedElsewhere(table, "Abc", environment)).toContain('"30.5"');
});

test.each([true, false])(
  "MySQL: after a commit has returned, no lookup that begins later sees the old balance, even if autocommit is off (batch = %p)",
  async (batch) => {
    const { source } = await open({ ...optionsFor(second), batch });
    for (let amount = 1; amount <= 200; amount += 1) {
      await second.run(`UPDATE casino.numbered SET balance = ${amount} WHERE id = 42`, "COMMIT");
      await second.run(`UPDATE casino.wallet SET balance = ${amount} WHERE id = 'Abc'`, "COMMIT");
      const seen = await Promise.all([ask(source, "Abc"), ask(source, "Abc"), ask(source, "exact")]);
      expect(seen.slice(0, 2)).toEqual([{ balance: `${amount}.0000` }, { balance: `${amount}.0000` }]);
    }
    await second.run("UPDATE casino.wallet SET balance = 30.5 WHERE id = 'Abc'", "COMMIT");
  },
  SLOW_MS,
);

describe("MySQL: a server without sessions that only read, as TiDB", () => {
  /** An error of the same number, which MariaDB has for another reason. */
  const REFUSED = "1 IN(SELECT 1 LIMIT 1)";

  test("answers, with a warning about what its user may do", async () => {
    const words = "SET SESSION TRANSACTION READ ONLY";
    using refusing = startRewordingProxy(server.port, words, `SELECT ${REFUSED}`.padEnd(words.length));
    const { source, messages } = await open(optionsFor(refusing));
    expect(await Promise.all([ask(source, "Abc"), ask(source, "nobody")])).toEqual([THIRTY, null]);
    expect(messages.filter((message) => message.includes("has no sessions that only read"))).toEqual([
      expect.stringContaining("this user has no more than GRANT SELECT"),
    ]);
  });

  test("is refused behind a pooler, in its own words", async () => {
    const words = "START TRANSACTION READ ONLY";
    using refusing = startRewordingProxy(server.port, words, `DO ${REFUSED}`.padEnd(words.length));
    expect(await failure(open({ ...optionsFor(refusing), pooler: true }, { isRehearsal: true }))).toContain(
      "cannot do what it is asked: This version of MariaDB doesn't yet support",
    );
  });
});

test("MySQL: nothing can be written by what a lookup runs", async () => {
  await server.run(
    "CREATE FUNCTION casino.taken(amount decimal(30, 4)) RETURNS decimal(30, 4) BEGIN UPDATE casino.wallet SET balance = 0; RETURN amount; END",
    "GRANT ALL ON casino.* TO klas@'127.0.0.1'",
  );
  const query = "SELECT id AS player_id, taken(balance) AS balance FROM wallet WHERE id = :player_id";
  for (const pooler of [false, true]) {
    expect(await failure(open({ ...optionsFor(server), query, pooler }))).toContain(
      "is asked to write by the query",
    );
  }
  expect(await server.run("SELECT balance FROM casino.wallet WHERE id = 'Abc'")).toEqual([
    { balance: "30.5000" },
  ]);
});
