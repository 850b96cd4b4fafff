import { expect, test } from "bun:test";
import { sharedPostgres } from "../../engines/postgres-server.ts";
import { clientOf, ownPlayers } from "./own-players.ts";
import { ask, failure, open, optionsFor } from "./subject.ts";

// Here, because a start may take longer than a test.
const server = await sharedPostgres();

test("ten that start at once on an empty database make its table once", async () => {
  await server.database("ten_starts");
  const all = await Promise.all(Array.from({ length: 10 }, () => open(optionsFor(server, "ten_starts"))));
  expect(await Promise.all(all.map(({ source }) => ask(source, "12001")))).toEqual(all.map(() => null));
  expect(await server.run("SELECT count(*)::int AS made FROM klas_balance_migrations", "ten_starts")).toEqual(
    [{ made: 1 }],
  );
});

test("the row of a player who was found, in the minor units of its currency, and no digit is lost", async () => {
  await ownPlayers(server, "exact", {
    "12001": 9_223_372_036_854_775_807n,
    debtor: -9_223_372_036_854_775_808n,
  });
  await server.run(
    `INSERT INTO players (player_id, currency, balance_minor) VALUES
     ('yen', 'JPY', 5), ('dinar', 'KWD', 5), ('unknown', 'XYZ', 5) ON CONFLICT DO NOTHING`,
    "exact",
  );
  const { source } = await open(optionsFor(server, "exact"));
  const euros = { exponent: 2, currency: "EUR" };
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 9_223_372_036_854_775_807n, ...euros });
  expect(await ask(source, "debtor")).toEqual({ balanceMinor: -9_223_372_036_854_775_808n, ...euros });
  expect(await ask(source, "yen")).toEqual({ balanceMinor: 5n, exponent: 0, currency: "JPY" });
  expect(await ask(source, "dinar")).toEqual({ balanceMinor: 5n, exponent: 3, currency: "KWD" });
  expect(await failure(ask(source, "unknown"))).toContain("neither in ISO 4217 nor in [currencies]");
});

test("ids are compared byte for byte", async () => {
  const ids = ["abc", "ABC", "äbc", "a\u0308bc", "abc\u00a0", "{abc}", '"abc"', "a\\bc", "NULL", "null"];
  await ownPlayers(server, "bytes", Object.fromEntries(ids.map((id, index) => [id, BigInt(index)])));
  const { source } = await open(optionsFor(server, "bytes"));
  const answers = await Promise.all(ids.map((id) => ask(source, id)));
  expect(answers).toEqual(
    ids.map((_, index) => ({ balanceMinor: BigInt(index), exponent: 2, currency: "EUR" })),
  );
  for (const stranger of ["abc ", " abc", "Abc", "abc\u200b", "%", "", "a_c"]) {
    expect(await ask(source, stranger)).toBeNull();
  }
});

test("one player whose row cannot be read keeps nobody else from an answer", async () => {
  await ownPlayers(server, "one_bad", { good: 1n });
  await server.run(
    `ALTER TABLE players RENAME TO kept;
     CREATE VIEW players AS SELECT player_id, currency,
     CASE WHEN player_id = 'good' THEN balance_minor ELSE balance_minor / 0 END AS balance_minor FROM kept`,
    "one_bad",
  );
  await server.run(
    "INSERT INTO kept (player_id, currency, balance_minor) VALUES ('bad', 'EUR', 123456)",
    "one_bad",
  );
  await server.run("GRANT SELECT ON players TO klas", "one_bad");
  const { source } = await open({ ...optionsFor(server, "one_bad"), connections: 1 });
  const lookups = ["good", "bad", "good", "nobody", "bad", "good"].map((id) =>
    ask(source, id).catch((error: Error) => error.message),
  );
  const good = { balanceMinor: 1n, exponent: 2, currency: "EUR" };
  const bad = "the query fails on this player's row (SQLSTATE 22012)";
  expect(await Promise.all(lookups)).toEqual([good, bad, good, null, bad, good]);
});

test("a table players of somebody else is left alone", async () => {
  await server.database("foreign_table");
  await using client = clientOf(server, "foreign_table");
  await client.unsafe("CREATE TABLE IF NOT EXISTS players (id int)");
  expect(await failure(open(optionsFor(server, "foreign_table")))).toContain(
    "holds a table players that is not klas-balance's own: to read balances from a database of yours, set `query`",
  );
  expect(
    await server.run("SELECT to_regclass('klas_balance_migrations')::text AS is", "foreign_table"),
  ).toEqual([{ is: null }]);
});

test("a table that a newer version has made is left alone", async () => {
  await ownPlayers(server, "newer", {});
  await server.run(
    "INSERT INTO klas_balance_migrations (hash, created_at) VALUES ('x', 9999999999999)",
    "newer",
  );
  expect(await failure(open(optionsFor(server, "newer")))).toContain("was made by a newer klas-balance");
});

test("`check` makes nothing, and says that there is nothing yet", async () => {
  await server.database("rehearsed");
  const { source, messages } = await open(optionsFor(server, "rehearsed"), { isRehearsal: true });
  expect(messages.filter((message) => message.startsWith("warn"))).toEqual([
    `warn 127.0.0.1:${server.port} holds no players table of this version yet: \`serve\` makes it`,
  ]);
  expect(await ask(source, "12001")).toBeNull();
  expect(await server.run("SELECT to_regclass('players')::text AS is", "rehearsed")).toEqual([{ is: null }]);
});

test("a user who may only read is enough once the table is there", async () => {
  await ownPlayers(server, "granted", { "12001": 3000n });
  await server.run("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN");
  const options = { ...optionsFor(server, "granted"), user: "reader" };
  expect(await failure(open(options))).toMatch(
    /does not let this user read or make klas-balance's table: permission denied/,
  );
  await server.run("GRANT SELECT ON players, klas_balance_migrations TO reader", "granted");
  const { source } = await open(options);
  expect(await ask(source, "12001")).toEqual({ balanceMinor: 3000n, exponent: 2, currency: "EUR" });
});

test("nothing can be written by what a lookup runs", async () => {
  await ownPlayers(server, "read_only", { "12001": 3000n });
  await server.run(
    `CREATE FUNCTION taken(amount bigint) RETURNS bigint LANGUAGE plpgsql AS
     $$ BEGIN UPDATE kept SET balance_minor = 0; RETURN amount; END $$;
     ALTER TABLE players RENAME TO kept; GRANT ALL ON kept TO klas;
     CREATE VIEW players AS SELECT player_id, currency, taken(balance_minor) AS balance_minor FROM kept;
     GRANT SELECT ON players TO klas`,
    "read_only",
  );
  const { source } = await open(optionsFor(server, "read_only"));
  expect(await failure(ask(source, "12001"))).toContain("cannot execute UPDATE in a read-only transaction");
  expect(await server.run("SELECT balance_minor::text AS is FROM kept", "read_only")).toEqual([
    { is: "3000" },
  ]);
});
