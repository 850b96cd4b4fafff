import { beforeAll, describe, expect, test } from "bun:test";
import { sharedPostgres } from "../../engines/postgres-server.ts";
import { ask, failure, open, optionsFor } from "./subject.ts";

const DATABASE = "operators";
const BY_ID = "SELECT balance FROM wallet WHERE id = :player_id";
// Here, because a start may take longer than a test.
const server = await sharedPostgres();

beforeAll(async () => {
  await server.database(DATABASE);
  await server.run(
    `CREATE EXTENSION citext;
     CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
     CREATE DOMAIN money_amount AS numeric(20, 4);
     CREATE TYPE standing AS ENUM ('ERR_PLAYER_BLOCKED');
     CREATE TABLE wallet (id text PRIMARY KEY, balance numeric, cents bigint, cents_4 int, rate double precision,
       amount money_amount, cash money, code char(6), standing standing, session text);
     INSERT INTO wallet VALUES
       ('12001', 30.50, 3050, 3050, 30.5, 30.5, 30.5, 'EUR', NULL, 's-1'),
       ('blocked', 1, 1, 1, 1, 1, 1, NULL, 'ERR_PLAYER_BLOCKED', 's-2'),
       ('exact', 12345678901234567890.123456789, 9223372036854775807, 2147483647, 1, 1, 1, 'JPY', NULL, 's-3'),
       ('nan', 'NaN', NULL, NULL, 'NaN', NULL, NULL, NULL, NULL, NULL),
       ('infinity', 'Infinity', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
     CREATE TABLE numbered (id bigint PRIMARY KEY, balance numeric);
     INSERT INTO numbered VALUES (42, 4), (9007199254740992, 5), (9007199254740993, 6), (-7, 7);
     CREATE TABLE identified (id uuid PRIMARY KEY, balance numeric);
     INSERT INTO identified VALUES ('0123abcd-0123-4567-89ab-0123456789ab', 8);
     CREATE TABLE sloppy (id citext, id_loose text COLLATE loose, id_padded char(10), balance numeric);
     INSERT INTO sloppy VALUES ('Abc', 'Abc', 'Abc', 9);
     CREATE TABLE twice (id text, balance numeric);
     INSERT INTO twice VALUES ('12001', 1), ('12001', 2), ('12002', 3);
     GRANT SELECT ON ALL TABLES IN SCHEMA public TO klas`,
    DATABASE,
  );
});

/** What a query answers, opened for this one test. */
async function answers(query: string, ids: readonly string[], further = {}): Promise<readonly unknown[]> {
  const { source } = await open({ ...optionsFor(server, DATABASE), query, ...further });
  return await Promise.all(ids.map((id) => ask(source, id).catch((error: Error) => error.message)));
}

async function refusal(query: string, further = {}): Promise<string> {
  return await failure(open({ ...optionsFor(server, DATABASE), query, ...further }));
}

describe("an operator's query answers exactly", () => {
  test.each([
    ["balance", { balance: "30.50" }, { balance: "12345678901234567890.123456789" }],
    [
      "cents AS balance_minor",
      { balanceMinor: 3050n, exponent: 2 },
      { balanceMinor: 9_223_372_036_854_775_807n, exponent: 2 },
    ],
    [
      "cents_4 AS balance_minor, 3 AS exponent",
      { balanceMinor: 3050n, exponent: 3 },
      { balanceMinor: 2_147_483_647n, exponent: 3 },
    ],
    ["amount AS Balance", { balance: "30.5000" }, { balance: "1.0000" }],
    ["balance::text AS balance", { balance: "30.50" }, { balance: "12345678901234567890.123456789" }],
    [
      "balance, code AS currency",
      { balance: "30.50", currency: "EUR" },
      { balance: "12345678901234567890.123456789", currency: "JPY" },
    ],
    ["rate::numeric AS balance", { balance: "30.5" }, { balance: "1" }],
  ])("%s", async (columns, known, exact) => {
    expect(
      await answers(`SELECT ${columns} FROM wallet WHERE id = :player_id`, ["12001", "nobody", "exact"]),
    ).toEqual([known, null, exact]);
  });

  test("a status_code that is not NULL refuses, and a currency that is NULL is not known", async () => {
    expect(
      await answers(
        "SELECT balance, standing AS status_code, code AS currency FROM wallet WHERE id = :player_id -- why",
        ["blocked", "12001"],
      ),
    ).toEqual([{ refused: "ERR_PLAYER_BLOCKED" }, { balance: "30.50", currency: "EUR" }]);
    expect(
      await answers("SELECT balance, code AS currency FROM wallet WHERE id = :player_id", ["blocked"]),
    ).toEqual([{ balance: "1" }]);
  });

  test("the session, too", async () => {
    const { source } = await open({
      ...optionsFor(server, DATABASE),
      query: `${BY_ID} AND session = :session_id;`,
    });
    expect(await ask(source, "12001", { sessionId: "s-1" })).toEqual({ balance: "30.50" });
    expect(await ask(source, "12001", { sessionId: "s-2" })).toBeNull();
  });

  test("WITH, joins, aliases that are ours, casts and a query that is a UNION", async () => {
    expect(
      await answers(
        `WITH k AS (SELECT id, balance FROM wallet)
         SELECT k.balance::numeric(20,1) FROM k JOIN wallet AS klas_balance_query USING (id) WHERE k.id = :player_id
         UNION ALL SELECT 0 WHERE :player_id = 'ghost'`,
        ["12001", "ghost", "nobody"],
      ),
    ).toEqual([{ balance: "30.5" }, { balance: "0" }, null]);
  });

  test("several rows are nobody's balance, and keep nobody else from theirs", async () => {
    const several = "the query gives several rows: expected one for a player";
    expect(
      await answers("SELECT balance FROM twice WHERE id = :player_id", ["12001", "12002", "12001"]),
    ).toEqual([several, { balance: "3" }, several]);
  });

  test("NaN, Infinity and NULL are no balance", async () => {
    const noAmount = "the query gives a text that is not an amount as balance";
    expect(await answers(BY_ID, ["nan", "infinity"])).toEqual([noAmount, noAmount]);
    const nothing = "the query gives NULL as balance_minor: expected an integer";
    expect(await answers("SELECT cents AS balance_minor FROM wallet WHERE id = :player_id", ["nan"])).toEqual(
      [nothing],
    );
  });
});

describe("an id is compared as what it is", () => {
  test("bigint: only the one way to write a number is that player", async () => {
    const query = "SELECT balance FROM numbered WHERE id = :player_id";
    const none = [
      "042",
      "42abc",
      " 42",
      "42 ",
      "4.2e1",
      "42.0",
      "+42",
      "0x2a",
      "-0",
      "9223372036854775808",
      "x",
      "٤٢",
    ];
    expect(
      await answers(query, ["42", "9007199254740992", "9007199254740993", "-7"], { id_type: "bigint" }),
    ).toEqual(["4", "5", "6", "7"].map((balance) => ({ balance })));
    expect(await answers(query, none, { id_type: "bigint" })).toEqual(none.map(() => null));
  });

  test("uuid: in either case, and nothing around it", async () => {
    const query = "SELECT balance, id AS player_id FROM identified WHERE id = :player_id";
    const id = "0123abcd-0123-4567-89ab-0123456789ab";
    expect(await answers(query, [id, id.toUpperCase()], { id_type: "uuid" })).toEqual([
      { balance: "8" },
      { balance: "8" },
    ]);
    const none = [`{${id}}`, id.replaceAll("-", ""), `${id} `, "x"];
    expect(await answers(query, none, { id_type: "uuid" })).toEqual(none.map(() => null));
  });

  test.each(["id", "id_loose", "id_padded"])(
    "%s, whose type takes two ids for one: with player_id among the columns nobody gets the other's balance",
    async (column) => {
      const query = `SELECT balance, ${column} AS player_id FROM sloppy WHERE ${column} = :player_id::${
        column === "id" ? "citext" : "text"
      }`;
      const [exact, ...others] = await answers(query, ["Abc", "abc", "ABC", "Abc "]);
      expect(exact).toEqual({ balance: "9" });
      for (const other of others) {
        expect(String(other)).toMatch(/^null$|^the query gave another player's row/);
      }
    },
  );

  test("another type than the column's is said, and what to do", async () => {
    expect(await refusal("SELECT balance FROM numbered WHERE id = :player_id")).toMatch(
      /cannot compare: operator does not exist: bigint = text: set id_type to what the id's column is/,
    );
  });
});

describe("a query is refused at the start", () => {
  test.each([
    ["SELECT rate AS balance FROM wallet WHERE id = :player_id", "balance as a floating-point number"],
    ["SELECT cash AS balance FROM wallet WHERE id = :player_id", "balance as no number: make it a decimal"],
    ["SELECT balance, balance FROM wallet WHERE id = :player_id", "yields balance twice"],
    ["SELECT balance, 1 AS balance FROM wallet WHERE id = :player_id", "yields balance twice"],
    ["SELECT * FROM wallet WHERE id = :player_id", "yields the column id"],
    [
      "SELECT ballance FROM wallet WHERE id = :player_id",
      'knows no such column: column "ballance" does not exist',
    ],
    [
      "SELECT balance FROM wallet WHERE player_id = :player_id",
      'no such column: column "player_id" does not exist',
    ],
    [
      "SELECT balance FROM walet WHERE id = :player_id",
      'knows no such table: relation "walet" does not exist',
    ],
    ["SELEC balance FROM wallet WHERE id = :player_id", "does not understand the query: syntax error"],
    ["UPDATE wallet SET cents = 0 WHERE id = :player_id RETURNING balance", "syntax error"],
    [
      "WITH gone AS (DELETE FROM wallet RETURNING balance) SELECT balance FROM gone WHERE '1' = :player_id",
      "data-modifying",
    ],
    ["SELECT rolname AS balance FROM pg_authid WHERE rolname = :player_id", "does not let this user read"],
  ])("%s", async (query, expected) => {
    const message = await refusal(query);
    expect(message).toContain(expected);
    expect(message).toMatch(/^127\.0\.0\.1:\d+ /);
    expect(message).not.toContain("\n");
  });
});

test("what a function of the operator's raises does not show up: it may hold an amount", async () => {
  await server.run(
    `CREATE FUNCTION raising(text) RETURNS numeric LANGUAGE plpgsql AS $$
     BEGIN IF $1 IS NOT NULL THEN RAISE EXCEPTION 'no more than 12345.67 for %', $1; END IF; RETURN 0; END $$`,
    DATABASE,
  );
  expect(await answers("SELECT raising(:player_id) AS balance", ["12001"])).toEqual([
    "the query fails on this player's row (SQLSTATE P0001)",
  ]);
});

test("`check` warns of a user who may do more than read", async () => {
  const options = { ...optionsFor(server, DATABASE), query: BY_ID };
  const reading = await open(options, { isRehearsal: true });
  expect(reading.messages.filter((message) => message.startsWith("warn"))).toEqual([]);
  await server.run("CREATE TABLE writable (id text); GRANT UPDATE ON writable TO klas", DATABASE);
  const writing = await open(options, { isRehearsal: true });
  expect(writing.messages).toContain(
    `warn 127.0.0.1:${server.port}: the user "klas" may change tables, such as writable: ` +
      "a user with GRANT SELECT alone is the safer one",
  );
});

test("a table that is changed while it is read is read as it is now", async () => {
  await server.run(
    "CREATE TABLE changing (id text, balance numeric); INSERT INTO changing VALUES ('1', 5); GRANT SELECT ON changing TO klas",
    DATABASE,
  );
  const { source } = await open({
    ...optionsFor(server, DATABASE),
    query: "SELECT * FROM (SELECT * FROM changing) all_of_it WHERE id = :player_id".replace("*", "balance"),
  });
  expect(await ask(source, "1")).toEqual({ balance: "5" });
  await server.run("ALTER TABLE changing ALTER balance TYPE bigint", DATABASE);
  expect(await ask(source, "1")).toEqual({ balance: "5" });
  await server.run("ALTER TABLE changing ALTER balance TYPE double precision", DATABASE);
  expect(await failure(ask(source, "1"))).toContain("floating-point");
  await server.run("ALTER TABLE changing ALTER balance TYPE numeric(10, 3)", DATABASE);
  expect(await ask(source, "1")).toEqual({ balance: "5.000" });
});
