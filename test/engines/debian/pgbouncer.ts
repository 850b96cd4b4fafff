import { afterAll, describe, expect, test } from "bun:test";
import { ask, failure, open } from "../../plugins/postgres/subject.ts";
import { ownPlayers } from "../../plugins/postgres/own-players.ts";
import { builtIns } from "../../../src/source/registry.ts";
import { conforms } from "../../conformance.ts";
import { type PgBouncer, startPgBouncer } from "../pgbouncer.ts";
import { sharedPostgres } from "../postgres-server.ts";

const THIRTY = { balanceMinor: 3000n, exponent: 2, currency: "EUR" };
const poolers: PgBouncer[] = [];

afterAll(() => Promise.all(poolers.map((pooler) => pooler.end())));

async function behindPgBouncer(further = "") {
  const server = await sharedPostgres();
  await ownPlayers(server, "pooled", { "12001": 3000n });
  const pooler = await startPgBouncer(server, { further });
  poolers.push(pooler);
  return {
    server,
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
  test("is found out where nobody said that it is there", async () => {
    const { options } = await behindPgBouncer();
    expect(await failure(open(options))).toMatch(
      /^127\.0\.0\.1:\d+ is a pooler that takes no session settings, .* set pooler = true$/,
    );
  });

  test("is found out, too, where it swallows what a session begins with", async () => {
    const { options } = await behindPgBouncer(
      "ignore_startup_parameters = default_transaction_read_only,statement_timeout,idle_in_transaction_session_timeout",
    );
    expect(await failure(open(options))).toMatch(
      /^127\.0\.0\.1:\d+ ignores what a session begins with, .* set pooler = true$/,
    );
  });

  test("lets nothing be written", async () => {
    const { server, options } = await behindPgBouncer();
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

  test("is found again after its restart, and the server behind it after its own", async () => {
    const { server, pooler, options } = await behindPgBouncer();
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
