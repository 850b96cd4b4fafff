import { beforeAll, describe, expect, test } from "bun:test";
import { sharedPostgres } from "../../engines/postgres-server.ts";
import { startRewordingProxy } from "./rewording-proxy.ts";
import { startStaleProxy } from "./stale-proxy.ts";
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
     CREATE TABLE edges (id bigint PRIMARY KEY);
     INSERT INTO edges VALUES (42), (32767), (2147483647), (-2147483648);
     CREATE TABLE identified (id uuid PRIMARY KEY, balance numeric);
     INSERT INTO identified VALUES ('0123abcd-0123-4567-89ab-0123456789ab', 8);
     CREATE TABLE sloppy (id citext, id_loose text COLLATE loose, id_padded char(10), balance numeric);
     INSERT INTO sloppy VALUES ('Abc', 'Abc', 'Abc', 9);
     CREATE VIEW seen AS SELECT id_loose COLLATE "C" AS id, balance FROM sloppy;
     CREATE VIEW sloppier AS SELECT id COLLATE loose AS id, balance FROM wallet;
     CREATE TABLE ledger (id text, amount numeric);
     INSERT INTO ledger VALUES ('12001', 10), ('12001', 20.5), ('12002', 3);
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

  test("minor units of a currency with other decimals than 2 need an exponent", async () => {
    const columns = "SELECT id AS player_id, 3000 AS balance_minor, code AS currency";
    const rows = "FROM wallet WHERE id = :player_id";
    const thirty = { balanceMinor: 3000n, exponent: 2, currency: "EUR" };
    const problem =
      "JPY has 0 decimals, and exponent is not set: let `query` yield a column exponent, 0 for JPY";
    expect(await answers(`${columns} ${rows}`, ["12001", "exact"])).toEqual([thirty, problem]);
    expect(await answers(`${columns}, 2 AS exponent ${rows}`, ["exact"])).toEqual([
      { ...thirty, currency: "JPY" },
    ]);
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

  describe("is refused at the start if only the query knows whose row it is", () => {
    test.each([
      ["SELECT balance FROM sloppy WHERE id_loose = :player_id", "the collation loose of sloppy.id_loose"],
      ["SELECT balance FROM seen WHERE id = :player_id", "the collation loose of sloppy.id_loose"],
      ["SELECT balance FROM wallet WHERE id = :player_id COLLATE loose", "the collation loose"],
      ["SELECT balance FROM Sloppier WHERE id = :player_id", "the collation loose of sloppier.id"],
      ["SELECT balance FROM wallet WHERE id::citext = :player_id::citext", "the type citext"],
      [
        "SELECT (SELECT s.balance FROM sloppy s WHERE s.id_loose = w.id) AS balance FROM wallet w WHERE id = :player_id",
        "the collation loose of sloppy.id_loose",
      ],
    ])("%s", async (query, expected) => {
      for (const pooler of [false, true]) {
        const message = await refusal(query, { pooler });
        expect(message).toContain(
          `needs the stored id among the columns of \`query\`, as player_id: ${expected} takes ids for equal that are not the same`,
        );
      }
    });

    test.each([
      ["lower(id) = lower(:player_id)", "lower()"],
      ["id ILIKE :player_id", "ILIKE"],
      ["id LIKE :player_id", "LIKE"],
      ["id SIMILAR TO :player_id", "SIMILAR"],
      ["id ~* :player_id", "~*"],
      ["trim(id) = trim(:player_id)", "trim()"],
      ["(id)::varchar(3) = :player_id::varchar(3)", "::varchar"],
    ])("or if the query itself takes two ids for one: %s", async (condition, by) => {
      const query = `SELECT balance FROM wallet WHERE ${condition}`;
      expect(await refusal(query)).toBe(
        `127.0.0.1:${server.port}: \`query\` compares the id by ${by}, so that a player may get the balance of another one ` +
          "whose id is similar: add the stored id to its columns, as player_id" +
          (by.startsWith("::") ? ", or leave the cast out and set id_type" : ""),
      );
      const { messages } = await open({
        ...optionsFor(server, DATABASE),
        query: query.replace("balance", "id AS player_id, balance"),
      });
      expect(messages.filter((message) => message.startsWith("warn"))).toEqual([]);
    });

    test("also in a view", async () => {
      await server.run(
        `CREATE FUNCTION same(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT lower($1) = lower($2)';
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO klas`,
        DATABASE,
      );
      expect(await refusal("SELECT balance FROM wallet WHERE same(id, :player_id)")).toContain(
        "`query` compares the id by lower()",
      );
    });

    test.each([
      [":player_id::bigint", {}],
      [":player_id :: INT", {}],
      ["CAST ( :player_id AS int8 )", {}],
      [":player_id", { id_type: "bigint" }],
    ])("but not by a cast of the id to a number, of which 042 is none: %s", async (asked, options) => {
      const query = `SELECT balance FROM numbered WHERE id = ${asked}`;
      const others = ["042", " 42", "42 ", "+42", "42abc", "4e1", "9999999999999999999"];
      expect(await answers(query, ["42", ...others], options)).toEqual([
        { balance: "4" },
        ...others.map(() => null),
      ]);
    });

    test.each([
      [":player_id::int", ["2147483647", "-2147483648"], ["2147483648", "-2147483649"], {}],
      ["CAST(:player_id AS integer)", ["42"], ["2147483648"], { id_type: "bigint" }],
      [":player_id::int2", ["32767", "42"], ["32768", "-32769"], {}],
      ["greatest(:player_id::smallint, :player_id::int4)", ["42"], ["2147483648"], {}],
      ["greatest(:player_id::int4, :player_id::int8)", ["42"], ["9223372036854775808"], {}],
    ])(
      "and a number too large for the cast is none, whoever else is asked for: %s",
      async (cast, known, others, options) => {
        for (const query of [
          `SELECT id AS balance FROM edges WHERE id = ${cast}`,
          // This one is asked as it stands.
          `SELECT max(${cast}) AS player_id, max(id) AS balance FROM edges WHERE id = ${cast} HAVING count(*) > 0`,
        ]) {
          expect(await answers(query, [...known, ...others], options)).toEqual([
            ...known.map((balance) => ({ balance })),
            ...others.map(() => null),
          ]);
        }
      },
    );

    test("on a server whose integer is wider, the larger number is a player's", async () => {
      using proxy = startRewordingProxy(server.port, "::integer", "::bigint ");
      const { source } = await open({
        ...optionsFor(server, DATABASE),
        hosts: [`127.0.0.1:${proxy.port}`],
        query: "SELECT balance FROM numbered WHERE id = :player_id::integer",
      });
      expect(await ask(source, "9007199254740993")).toEqual({ balance: "6" });
    });

    test.each([
      ":player_id::numeric",
      ":player_id::bigint OR id::text LIKE :player_id",
      ":player_id::text::bigint",
      "42 OR id >= :player_id::bigint",
      "42 AND balance::bigint = :player_id::bigint",
    ])("nor by another cast: %s", async (asked) => {
      expect(await refusal(`SELECT balance FROM numbered WHERE id = ${asked}`)).toContain(
        "so that a player may get the balance of another one",
      );
    });

    test("but not if it compares the same column exactly, too, or something else loosely", async () => {
      for (const condition of [
        "lower(id) = lower(:player_id) AND id = :player_id",
        "id = :player_id AND session LIKE 's-%' AND lower(code) = 'eur'",
        "id = 'x' || :player_id OR (id = :player_id AND upper(code) = upper(code))",
      ]) {
        const query = `SELECT upper(code) AS currency, balance FROM wallet WHERE ${condition}`;
        expect(await answers(query, ["12001", "X12001"])).toEqual([
          { balance: "30.50", currency: "EUR" },
          null,
        ]);
      }
    });

    test.each([
      ["no plan as JSON", "FORMAT JSON", "FORMAT TEXT"],
      ["no EXPLAIN at all", "EXPLAIN (", "EXPLAIM ("],
      ["no such catalogue", "FROM pg_collation", "FROM pg_collatiom"],
    ])("a server with %s is judged by the text of the query", async (_name, words, others) => {
      using proxy = startRewordingProxy(server.port, words, others);
      const options = { ...optionsFor(server, DATABASE), hosts: [`127.0.0.1:${proxy.port}`] };
      const { source, messages } = await open({ ...options, query: BY_ID });
      expect(await ask(source, "12001")).toEqual({ balance: "30.50" });
      const warnings = messages.filter((message) => message.startsWith("warn"));
      expect(warnings).toEqual(
        words === "FROM pg_collation"
          ? []
          : [expect.stringContaining("does not tell how it runs `query`, so only its text shows whether")],
      );
      expect(
        await failure(open({ ...options, query: "SELECT balance FROM wallet WHERE id LIKE :player_id" })),
      ).toContain("`query` compares the id by LIKE");
    });

    test("which a column of exact text does not do, nor a number, nor citext compared as text", async () => {
      await server.run(
        "CREATE TABLE strict (id text, id_citext citext, n bigint, balance numeric); INSERT INTO strict VALUES ('Abc', 'Abc', 1, 9); GRANT SELECT ON strict TO klas",
        DATABASE,
      );
      for (const column of ["id", "id_citext"]) {
        const query = `SELECT balance FROM strict WHERE ${column} = :player_id`;
        expect(await answers(query, ["Abc", "abc"])).toEqual([{ balance: "9" }, null]);
      }
      const numbered = "SELECT balance FROM sloppy WHERE 1 = :player_id";
      expect(await answers(numbered, ["1", "2"], { id_type: "bigint" })).toEqual([{ balance: "9" }, null]);
    });
  });

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

describe("a query that cannot be put into another one is asked as it stands", () => {
  /** What it aggregates comes from outside of it, if it is a part of another query. */
  const SUM = "SELECT max(:player_id) AS player_id, sum(amount) AS balance FROM ledger WHERE id = :player_id";
  const HAVING = `${SUM} HAVING count(*) > 0`;
  const known = [{ balance: "30.5" }, { balance: "3" }];

  test.each([{}, { batch: false }, { pooler: true }])("%p", async (further) => {
    const { source, messages } = await open({ ...optionsFor(server, DATABASE), query: HAVING, ...further });
    const ids = [
      "12001",
      "12002",
      "nobody",
      "it's",
      ...Array.from({ length: 200 }, (_, index) => `x${index}`),
    ];
    const results = await Promise.all(ids.map((id) => ask(source, id)));
    expect(results).toEqual([...known, ...ids.slice(2).map(() => null)]);
    expect(messages).toContainEqual(
      expect.stringMatching(
        /^info 127\.0\.0\.1:\d+ does not take `query` as a part of another one: it is asked as it/,
      ),
    );
    await source.check?.(AbortSignal.timeout(1000));
  });

  test("with the session, several rows, and a row on which it fails, which is nobody else's matter", async () => {
    const each = `SELECT :player_id AS player_id, amount / (CASE :session_id WHEN 's-0' THEN 0 ELSE 1 END) AS balance
      FROM ledger WHERE id = :player_id GROUP BY 2, amount HAVING max(:session_id) IS NOT NULL`;
    const { source } = await open({ ...optionsFor(server, DATABASE), query: each });
    const failing = ask(source, "12002", { sessionId: "s-0" }).catch((error: Error) => error.message);
    const several = ask(source, "12001").catch((error: Error) => error.message);
    expect(await Promise.all([failing, several, ask(source, "12002")])).toEqual([
      "the query fails on this player's row (SQLSTATE 22012)",
      "the query gives several rows: expected one for a player",
      { balance: "3.0000000000000000" },
    ]);
  });

  test("and must give the stored id, which is compared", async () => {
    const others = HAVING.replace("max(:player_id)", "max(:player_id || 'x')");
    expect(await answers(others, ["12001"])).toEqual([
      "the query gave another player's row: its player_id is not the one that was asked",
    ]);
    expect(
      await refusal("SELECT max(:session_id)::numeric AS balance FROM ledger WHERE id = :player_id"),
    ).toMatch(
      /^127\.0\.0\.1:\d+ .*`query` cannot be put into another one, .* needs the stored id .* as player_id$/,
    );
  });

  test("and cannot lock or write, as little as any other", async () => {
    await server.run(
      "CREATE TABLE locked (id text, balance numeric); GRANT SELECT, UPDATE, DELETE ON locked TO klas",
      DATABASE,
    );
    for (const pooler of [false, true]) {
      expect(await refusal("SELECT balance FROM locked WHERE id = :player_id FOR SHARE", { pooler })).toMatch(
        /is asked for more than to read by the query: cannot execute SELECT FOR SHARE in a read-only transaction$/,
      );
      expect(
        await refusal(
          "WITH gone AS (DELETE FROM locked RETURNING balance, id) SELECT max(:player_id) AS player_id, max(balance) AS balance FROM gone",
          { pooler },
        ),
      ).toMatch(/data-modifying|aggregate functions/);
    }
    await server.run("DROP TABLE locked", DATABASE);
  });

  test("answers that are one behind are nobody's balance", async () => {
    using proxy = startStaleProxy(server.port);
    const { source, counts } = await open({
      ...optionsFor(server, DATABASE),
      hosts: [`127.0.0.1:${proxy.port}`],
      query: HAVING,
      connections: 1,
    });
    expect(await ask(source, "12001")).toEqual({ balance: "30.5" });
    proxy.beginToLag();
    expect(await failure(ask(source, "nobody"))).toBe("an answer was to another question");
    expect(await ask(source, "nobody")).toBeNull();
    expect(counts).toMatchObject({ foreign_answer: 1, connection_discarded: 1 });
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

test.each(["primary", "any"] as const)(
  "a session that may write answers nothing, and says why, with role = %j",
  async (role) => {
    using proxy = startRewordingProxy(server.port, "= 'on'", "= 'no'");
    const hosts = [`127.0.0.1:${proxy.port}`];
    const { source } = await open({ ...optionsFor(server, DATABASE), hosts, query: BY_ID, role });
    expect(await failure(ask(source, "12001"))).toBe(
      `${hosts.join()} would let the query write: a function of the query, or a pooler, has changed the session's settings`,
    );
  },
);

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
