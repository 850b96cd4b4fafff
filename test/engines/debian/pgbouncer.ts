import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { ask, failure, open } from "../../plugins/postgres/subject.ts";
import { clientOf, ownPlayers } from "../../plugins/postgres/own-players.ts";
import { builtIns } from "../../../src/source/built-in.ts";
import { conforms } from "../../conformance.ts";
import { type PgBouncer, startPgBouncer } from "../pgbouncer.ts";
import { sharedPostgres, startPostgres } from "../postgres-server.ts";

const THIRTY = { balanceMinor: 3000n, exponent: 2, currency: "EUR" };
// Here, because a start may take longer than a test.
const server = await sharedPostgres();
const poolers: PgBouncer[] = [];

afterAll(() => Promise.all(poolers.map((pooler) => pooler.end())));

/** `KLAS_BALANCE_LOOKUPS=100000` for a longer look. */
const LOOKUPS = Number(process.env["KLAS_BALANCE_LOOKUPS"] ?? 15_000);

async function askers(
  port: number,
  lookups: number,
): Promise<{ readonly asked: number; readonly wrong: number; readonly failed: number }> {
  const command = [process.execPath, join(import.meta.dir, "asker.ts"), String(port), String(lookups)];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
  return await child.stdout.json();
}

async function behindPgBouncer(further = "") {
  await ownPlayers(server, "pooled", { "12001": 3000n });
  const pooler = await startPgBouncer(server, { further });
  poolers.push(pooler);
  return {
    pooler,
    options: { hosts: [`127.0.0.1:${pooler.port}`], database: "pooled", user: "klas" },
  };
}

const plugin = builtIns.get("postgres");
if (plugin !== undefined) {
  conforms("postgres behind PgBouncer", async () => ({
    plugin,
    options: { ...(await behindPgBouncer()).options, pooler: true },
    directory: ".",
    timeoutMs: 2000,
    knownPlayer: "12001",
    balance: "30",
  }));
}

describe("PgBouncer in transaction mode", () => {
  test("a query that cannot be put into another one is asked as it stands, and nobody gets another's", async () => {
    const { options } = await behindPgBouncer();
    const query = `SELECT max(:player_id) AS player_id, sum(n) AS balance FROM generate_series(1, 200) n
      WHERE n::text = :player_id HAVING count(*) > 0`;
    const { source } = await open({ ...options, query, pooler: true });
    const ids = Array.from({ length: 400 }, (_, index) => index + 1);
    const results = await Promise.all(ids.map((id) => ask(source, String(id))));
    expect(results).toEqual(ids.map((id) => (id <= 200 ? { balance: String(id) } : null)));
  });

  test("is found out if nobody said that it is there", async () => {
    const { options } = await behindPgBouncer();
    expect(await failure(open(options))).toMatch(
      /^127\.0\.0\.1:\d+ is a pooler that takes no session settings, .* set pooler = true$/,
    );
  });

  test("is found out, too, if it swallows what a session begins with", async () => {
    const { options } = await behindPgBouncer(
      "ignore_startup_parameters = default_transaction_read_only,default_transaction_isolation,statement_timeout,idle_in_transaction_session_timeout",
    );
    expect(await failure(open(options))).toMatch(
      /^127\.0\.0\.1:\d+ ignores what a session begins with, .* set pooler = true$/,
    );
  });

  test("says whom it does not let in, and which database is not there", async () => {
    const { options } = await behindPgBouncer();
    expect(await failure(open({ ...options, user: "stranger", pooler: true }))).toMatch(
      /does not let the user "stranger" in: .+: correct user or password, or the pooler's list of users$/,
    );
    expect(await failure(open({ ...options, database: "casinoo", pooler: true }))).toMatch(
      /has no database "casinoo": correct database$/,
    );
  });

  test("whose server is down at the start is waited for, also once it says so", async () => {
    const own = await startPostgres();
    await ownPlayers(own, "pooled", { "12001": 3000n });
    const pooler = await startPgBouncer(own, { further: "query_wait_timeout = 1\nserver_login_retry = 1" });
    poolers.push(pooler);
    await own.end();
    const options = { hosts: [`127.0.0.1:${pooler.port}`], database: "pooled", user: "klas", pooler: true };
    const { source, messages } = await open(options);
    expect(messages.join()).toContain("is a pooler that cannot reach its server: ");
    await own.start();
    expect(await ask(source, "12001", { withinMs: 30_000 })).toEqual(THIRTY);
  }, 60_000);

  test("has klas-balance's own table made, also after somebody has held its lock", async () => {
    const { options } = await behindPgBouncer();
    await server.database("pooled_anew");
    await using holder = clientOf(server, "pooled_anew");
    using session = await holder.reserve();
    await session.unsafe("SELECT pg_advisory_lock(7310579811350437)");
    const { source, messages } = await open({ ...options, database: "pooled_anew", pooler: true });
    expect(messages.join()).toContain("another instance has held the lock for making it for 4 s");
    await session.unsafe("SELECT pg_advisory_unlock(7310579811350437)");
    expect(await ask(source, "12001", { withinMs: 30_000 })).toBeNull();
  }, 60_000);

  test("lets nothing be written", async () => {
    const { options } = await behindPgBouncer();
    await ownPlayers(server, "pooled_writer", { "12001": 3000n });
    await server.run(
      `CREATE FUNCTION taken(amount bigint) RETURNS bigint LANGUAGE plpgsql AS
       $$ BEGIN UPDATE kept SET balance_minor = 0; RETURN amount; END $$;
       ALTER TABLE players RENAME TO kept; GRANT ALL ON kept TO klas;
       CREATE VIEW players AS SELECT player_id, currency, taken(balance_minor) AS balance_minor FROM kept;
       GRANT SELECT ON players TO klas`,
      "pooled_writer",
    );
    const { source } = await open({ ...options, database: "pooled_writer", pooler: true });
    expect(await failure(ask(source, "12001"))).toContain("cannot execute UPDATE in a read-only transaction");
  });

  test("mixes up nobody's answers, of three processes with two queries on its few connections", async () => {
    await server.database("crowd");
    await server.run(
      `CREATE TABLE low AS SELECT i::text AS id, i::numeric AS balance FROM generate_series(0, 9999) i;
         CREATE TABLE high AS SELECT id, balance + 1000000 AS balance FROM low;
         ALTER TABLE low ADD PRIMARY KEY (id); ALTER TABLE high ADD PRIMARY KEY (id);
         GRANT SELECT ON low, high TO klas`,
      "crowd",
    );
    const pooler = await startPgBouncer(server, { poolSize: 5 });
    poolers.push(pooler);
    const each = Math.ceil(LOOKUPS / 3);
    const reports = await Promise.all(Array.from({ length: 3 }, () => askers(pooler.port, each)));
    for (const { asked, ...others } of reports) {
      expect(others).toEqual({ wrong: 0, failed: 0 });
      expect(asked).toBeGreaterThanOrEqual(each);
    }
  }, 600_000);

  test("is found again after its restart, and the server behind it after its own", async () => {
    const { pooler, options } = await behindPgBouncer();
    const { source } = await open({ ...options, pooler: true });
    expect(await ask(source, "12001")).toEqual(THIRTY);
    await pooler.end();
    await pooler.start();
    expect(await ask(source, "12001")).toEqual(THIRTY);
    await server.end();
    await server.start();
    expect(await ask(source, "12001", { withinMs: 20_000 })).toEqual(THIRTY);
  }, 30_000);
});
