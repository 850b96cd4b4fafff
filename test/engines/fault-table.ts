import { ownPlayers } from "../plugins/postgres/own-players.ts";
import { openSource } from "../plugins/postgres/open-source.ts";
import { type Callers, PLAYERS, startCallers } from "./callers.ts";
import { endPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";

/**
 * `bun test/engines/fault-table.ts`: what callers get while a PostgreSQL is at fault, with one host and with two, as the
 * table in `help postgres`. Ends with 1 if an answer was wrong.
 */

const DATABASE = "casino";
const TIMEOUT_MS = 1000;
const LOAD = { atOnce: 20, pauseMs: 10, timeoutMs: TIMEOUT_MS };
const DOWN_MS = 1000;
const HANG_MS = 3000;
const AFTERWARDS_MS = 2000;

interface Fault {
  readonly name: string;
  /** Resolves when the fault is over. */
  bring(first: PostgresServer, second: PostgresServer): Promise<void>;
  /** The second host follows the first one. */
  readonly isReplicated?: boolean;
}

const faults: readonly Fault[] = [
  {
    name: "restarted in order",
    async bring(first) {
      await first.end("SIGINT");
      await first.start();
    },
  },
  {
    name: `killed, and back after ${DOWN_MS / 1000} s`,
    async bring(first) {
      await first.end("SIGKILL");
      await Bun.sleep(DOWN_MS);
      await first.start();
    },
  },
  {
    name: `hangs for ${HANG_MS / 1000} s`,
    async bring(first) {
      await first.freeze();
      await Bun.sleep(HANG_MS);
      first.thaw();
    },
  },
  {
    name: "all connections ended by an administrator",
    async bring(first) {
      await first.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klas'");
    },
  },
  {
    name: `killed, its replica promoted after ${DOWN_MS / 1000} s`,
    isReplicated: true,
    async bring(first, second) {
      await first.end("SIGKILL");
      await Bun.sleep(DOWN_MS);
      await second.run("SELECT pg_promote()");
    },
  },
];

async function filled(): Promise<PostgresServer> {
  const server = await startPostgres();
  await ownPlayers(server, DATABASE, {});
  await server.run(
    `INSERT INTO players SELECT i::text, 'EUR', i FROM generate_series(1, ${PLAYERS}) i`,
    DATABASE,
  );
  return server;
}

async function row(fault: Fault, hosts: number): Promise<string> {
  const first = await filled();
  const second = fault.isReplicated === true ? await first.replica() : await filled();
  const servers = [first, second].slice(0, hosts);
  const { source } = await openSource(
    { hosts: servers.map(({ port }) => `127.0.0.1:${port}`), database: DATABASE, user: "klas" },
    { timeoutMs: TIMEOUT_MS },
  );
  const callers: Callers = startCallers(source, LOAD);
  await Bun.sleep(500);
  const beganMs = performance.now();
  const bringing = fault.bring(first, second);
  // Of the calls that begin once the fault is there.
  const rightMs = callers.rightAfter(beganMs + 50);
  const again = rightMs.then((ms) => ms - beganMs);
  await bringing;
  const seconds = (await again) / 1000;
  await Bun.sleep(AFTERWARDS_MS);
  const { lookups, failed, wrong, longestMs } = await callers.stop();
  if (wrong > 0) process.exitCode = 1;
  await Promise.all([first.end("SIGKILL"), second.end("SIGKILL")]);
  const share = `${failed} of ${lookups}`;
  return `| ${fault.name} | ${hosts} | ${share} | ${seconds.toFixed(2)} s | ${(longestMs / 1000).toFixed(2)} s | ${wrong} |`;
}

process.stdout.write(
  `| the first host is | hosts | lookups that failed | first right answer after | longest wait | wrong |
| --- | --- | --- | --- | --- | --- |
`,
);
for (const fault of faults) {
  for (const hosts of fault.isReplicated === true ? [2] : [1, 2]) {
    process.stdout.write(`${await row(fault, hosts)}\n`);
  }
}
await endPostgres();
