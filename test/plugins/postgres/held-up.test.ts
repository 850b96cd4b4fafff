import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Asking, sqlLanes } from "../../../plugins/shared/lanes/sql-lane.ts";
import { freeze, signalAll } from "../../engines/process-tree.ts";
import { type PostgresServer, sharedPostgres } from "../../engines/postgres-server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { clientOf, ownPlayers } from "./own-players.ts";
import { ask, failure, open, optionsFor } from "./subject.ts";

/** Every version has to take the same one. */
const LOCK = "7310579811350437";
const SLOW_MS = 60_000;
const folder = temporaryFolder();

// Here, because a start may take longer than a test.
const server = await sharedPostgres();

/** Waits until a session of the source under test is in this state. */
async function untilAnyWaits(database: string, waitEvent: string): Promise<void> {
  const text = `SELECT FROM pg_stat_activity WHERE datname = '${database}' AND wait_event = '${waitEvent}'`;
  while ((await server.run(text)).length === 0) await Bun.sleep(20);
}

test(
  "a lock that another session holds is an error in plain words, and no more when it is released",
  async () => {
    await server.database("held_up");
    await using holder = clientOf(server, "held_up");
    using session = await holder.reserve();
    await session.unsafe("SELECT pg_advisory_lock($1::int8)", [LOCK]);
    const { source, messages } = await open(optionsFor(server, "held_up"));
    const expected = `127.0.0.1:${server.port} holds no players table of this version yet, and another instance has held the lock for making it for 4 s: \`klas-balance help postgres\` says how to find who it is`;
    expect(messages).toEqual([`error ${expected}`]);
    expect(await failure(Promise.resolve(source.check?.(AbortSignal.timeout(1000))))).toBe(expected);
    await session.unsafe("SELECT pg_advisory_unlock($1::int8)", [LOCK]);
    expect(await ask(source, "12001", { withinMs: 30_000 })).toBeNull();
  },
  SLOW_MS,
);

test(
  "an instance that stalls while it makes the table is ended by the server, and ten others start",
  async () => {
    await server.database("stalled");
    await server.run(
      `CREATE FUNCTION sleeping() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); END';
       CREATE EVENT TRIGGER slowly ON ddl_command_start EXECUTE FUNCTION sleeping()`,
      "stalled",
    );
    const stalled = startPlayersSet("stalled");
    await untilAnyWaits("stalled", "PgSleep");
    await freeze(stalled.pid);
    await server.run("DROP EVENT TRIGGER slowly", "stalled");

    const all = await Promise.all(Array.from({ length: 10 }, () => open(optionsFor(server, "stalled"))));
    const lookups = all.map(({ source }) => ask(source, "12001", { withinMs: 30_000 }));
    expect(await Promise.all(lookups)).toEqual(all.map(() => null));
    expect(await server.run("SELECT count(*)::int AS made FROM klas_balance_migrations", "stalled")).toEqual([
      { made: 1 },
    ]);

    signalAll(stalled.pid, "SIGCONT");
    expect(await stalled.exited).toBe(1);
    expect(await new Response(stalled.stderr).text()).toMatch(/^error: 127\.0\.0\.1:\d+ .+\n$/);
  },
  SLOW_MS,
);

function startPlayersSet(database: string) {
  writeFileSync(join(folder, "config.toml"), configurationOf(server, database));
  return Bun.spawn(
    [process.execPath, join(import.meta.dir, "../../../src/main.ts"), "players", "set", "12001", "1", "EUR"],
    { cwd: folder, stdout: "ignore", stderr: "pipe" },
  );
}

function configurationOf({ port }: PostgresServer, database: string): string {
  return `[webhook]\nsecrets = ["a secret that is long enough"]\nsource = "own"\n[sources.own]
plugin = "postgres"\nhosts = ["127.0.0.1:${port}"]\ndatabase = "${database}"\nuser = "klas"\n`;
}

test(
  "a table that somebody has locked does not hold up a start for ever",
  async () => {
    await ownPlayers(server, "locked", { "12001": 3000n });
    await using holder = clientOf(server, "locked");
    using session = await holder.reserve();
    await session.unsafe("BEGIN");
    await session.unsafe("LOCK TABLE klas_balance_migrations");
    const { source, messages } = await open(optionsFor(server, "locked"));
    expect(messages).toEqual([
      `error 127.0.0.1:${server.port} does not let klas-balance's table be looked at: another session has locked it`,
    ]);
    await session.unsafe("ROLLBACK");
    const thirty = { balanceMinor: 3000n, exponent: 2, currency: "EUR" };
    expect(await ask(source, "12001", { withinMs: 30_000 })).toEqual(thirty);
  },
  SLOW_MS,
);

test(
  "a lane whose opening never ends is given up, and closed",
  async () => {
    await server.database("endless");
    const [host] = [{ name: "db1", hostname: "127.0.0.1", port: server.port, socket: undefined }];
    let isEnded = false;
    const connect = sqlLanes({
      client: () => clientOf(server, "endless"),
      begin(_session, _host, atEnd) {
        atEnd(() => void (isEnded = true));
        return new Promise<Asking>(() => {});
      },
      isLost: () => false,
      explain: String,
      explainConnecting(problem) {
        throw problem;
      },
    });
    const opening = connect(host, { signal: new AbortController().signal, onClosed() {} });
    expect(await failure(opening)).toStartWith("db1 does not answer in time");
    expect(isEnded).toBe(true);
  },
  SLOW_MS,
);
