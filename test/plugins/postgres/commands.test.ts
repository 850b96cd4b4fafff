import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { withPlayers } from "../../../plugins/postgres/players.ts";
import type { PlayersAccess, PlayersTable } from "../../../plugins/shared/players-table.ts";
import { type PostgresServer, startPostgres } from "../../engines/postgres-server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { clientOf, ownPlayers } from "./own-players.ts";
import { failure } from "./subject.ts";

/** Rows that go to the database at a time, and some more. */
const ROWS = 1500;
const SLOW_MS = 60_000;
const folder = temporaryFolder();
// Here, because a start may take longer than a test.
const server = await startPostgres();

function opened<Result>(
  database: string,
  access: PlayersAccess,
  use: (players: PlayersTable) => Promise<Result>,
  user = "klas",
): Promise<Result> {
  const options = { hosts: [`127.0.0.1:${server.port}`], database, user };
  return withPlayers({ options, directory: folder }, access, use);
}

const euros = (playerId: string, balanceMinor: bigint) => ({ playerId, currency: "EUR", balanceMinor });

async function balances(database: string): Promise<unknown> {
  return await server.run("SELECT player_id, balance_minor::text FROM players ORDER BY 1", database);
}

/** An import from a pipe that stays open, so that it is in the middle of its work for as long as a test wants. */
async function importing(database: string) {
  writeFileSync(join(folder, "config.toml"), configurationOf(server, database));
  const command = [join(import.meta.dir, "../../../src/main.ts"), "players", "import", "-"];
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: folder,
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  const rows = Array.from({ length: ROWS }, (_, index) => `p-${index},EUR,1\n`);
  await child.stdin.write(`player_id,currency,balance\n12001,EUR,1\n${rows.join("")}`);
  await child.stdin.flush();
  await until(database, "state = 'idle in transaction' AND query LIKE 'INSERT INTO staged%'");
  return child;
}

async function until(database: string, condition: string): Promise<void> {
  const text = `SELECT FROM pg_stat_activity WHERE datname = '${database}' AND ${condition}`;
  while ((await server.run(text)).length === 0) await Bun.sleep(20);
}

function configurationOf({ port }: PostgresServer, database: string): string {
  return `[webhook]\nsecrets = ["a secret that is long enough"]\nsource = "own"\n[sources.own]
plugin = "postgres"\nhosts = ["127.0.0.1:${port}"]\ndatabase = "${database}"\nuser = "klas"\n`;
}

test.each([
  { how: "interrupted", status: 130, signal: "SIGINT" },
  { how: "killed", status: 137, signal: "SIGKILL" },
  { how: "cut off by a restart of the server", status: 1, signal: undefined },
] as const)(
  "an import that is $how in the middle changes nothing",
  async ({ status, signal }) => {
    await ownPlayers(server, "interrupted", { "12001": 3000n });
    const child = await importing("interrupted");
    if (signal === undefined) {
      await server.end();
      await server.start();
    } else child.kill(signal);
    await child.stdin.end();
    expect(await child.exited).toBe(status);
    expect(await balances("interrupted")).toEqual([{ player_id: "12001", balance_minor: "3000" }]);
  },
  SLOW_MS,
);

test(
  "a table that somebody has locked is an error after a while, of whatever command",
  async () => {
    await ownPlayers(server, "locked", { "12001": 3000n });
    await using holder = clientOf(server, "locked");
    using session = await holder.reserve();
    await session.unsafe("BEGIN");
    await session.unsafe("LOCK TABLE players");
    const attempts = [
      opened("locked", "read", (players) => players.get("12001")),
      opened("locked", "read", (players) => Array.fromAsync(players.list())),
      opened("locked", "read", (players) => players.longestIdLength()),
      opened("locked", "make", (players) => players.put(euros("12001", 1n))),
      opened("locked", "change", (players) => players.remove("12001")),
      opened("locked", "make", async (players) => Array.fromAsync((await players.stage()).compared())),
      opened("locked", "make", async (players) => (await players.stage()).publish()),
    ];
    expect(new Set(await Promise.all(attempts.map(failure)))).toEqual(
      new Set([
        `127.0.0.1:${server.port} says that another session has locked the table players, or rows of it: nothing was changed`,
      ]),
    );
    await session.unsafe("ROLLBACK");
    expect(await balances("locked")).toEqual([{ player_id: "12001", balance_minor: "3000" }]);
  },
  SLOW_MS,
);

test(
  "of two imports of the same players at once, in opposite orders, both are done",
  async () => {
    await ownPlayers(server, "twice", {});
    const players = Array.from({ length: 20_000 }, (_, index) => euros(`p-${index}`, 1n));
    const staged = [players, players.toReversed()].map((rows) => {
      const ready = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      const done = opened("twice", "make", async (table) => {
        const staging = await table.stage();
        await staging.add(rows.map((player, line) => ({ player, line })));
        ready.resolve();
        await go.promise;
        await staging.publish();
      });
      return { ready: ready.promise, go: go.resolve, done };
    });
    await Promise.all(staged.map(({ ready }) => ready));
    for (const { go } of staged) go();
    const ends = await Promise.allSettled(staged.map(({ done }) => done));
    expect(ends.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
  },
  SLOW_MS,
);

test("a user who may only read is told so, and what to do", async () => {
  await ownPlayers(server, "granted", { "12001": 3000n });
  await server.run(
    "CREATE ROLE reader LOGIN; GRANT SELECT ON players, klas_balance_migrations TO reader",
    "granted",
  );
  const put = opened("granted", "make", (players) => players.put(euros("12001", 1n)), "reader");
  expect(await failure(put)).toBe(
    `127.0.0.1:${server.port} does not let this user do that: permission denied for table players: grant what \`klas-balance help postgres\` lists`,
  );
  const { balanceMinor } = await opened(
    "granted",
    "read",
    async (players) => (await players.get("12001")) ?? euros("", 0n),
    "reader",
  );
  expect(balanceMinor).toBe(3000n);
  await server.run(
    "ALTER ROLE reader SET default_transaction_read_only = on; GRANT ALL ON players TO reader",
    "granted",
  );
  const again = opened("granted", "make", (players) => players.put(euros("12001", 1n)), "reader");
  expect(await failure(again)).toBe(
    `127.0.0.1:${server.port} lets this user only read: cannot execute INSERT in a read-only transaction`,
  );
});

test("a table of a newer version is named with its host", async () => {
  await ownPlayers(server, "newer", {});
  await server.run(
    "INSERT INTO klas_balance_migrations (hash, created_at) VALUES ('x', 9999999999999)",
    "newer",
  );
  const reading = opened("newer", "read", (players) => players.get("12001"));
  expect(await failure(reading)).toStartWith(`127.0.0.1:${server.port} holds a table players that was made`);
});

test(
  "a connection that breaks while an import is being committed does not pass for nothing changed",
  async () => {
    await ownPlayers(server, "undecided", { "12001": 3000n });
    // A commit then waits for a replica that is not there, and is done here.
    await server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await server.run("SELECT pg_reload_conf()");
    const publishing = opened("undecided", "make", async (players) => {
      const staging = await players.stage();
      await staging.add([{ player: euros("12001", 1n), line: 2 }]);
      await staging.publish();
    });
    const message = failure(publishing);
    await until("undecided", "wait_event = 'SyncRep'");
    await server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    expect(await message).toStartWith(
      "the connection broke at the very end, so the import may be done or not",
    );
    expect(await balances("undecided")).toEqual([{ player_id: "12001", balance_minor: "1" }]);
    await server.run("ALTER SYSTEM RESET synchronous_standby_names");
    await server.run("SELECT pg_reload_conf()");
  },
  SLOW_MS,
);
