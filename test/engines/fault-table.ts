import { type Callers, startCallers } from "./callers.ts";
import { ENGINES, type FaultyEngine, type FaultyServer } from "./faulty-engine.ts";

/**
 * `bun test/engines/fault-table.ts [postgres|mysql]`: what callers get while a PostgreSQL, or a MariaDB, is at fault, with
 * one host and with two, as the tables in `help postgres` and `help mysql`. Ends with 1 if an answer was wrong.
 */

const TIMEOUT_MS = 1000;
const LOAD = { atOnce: 20, pauseMs: 10, timeoutMs: TIMEOUT_MS };
const DOWN_MS = 1000;
const HANG_MS = 3000;
const AFTERWARDS_MS = 2000;

interface Fault {
  readonly name: string;
  /** Resolves when the fault is over. */
  bring(first: FaultyServer, second: FaultyServer): Promise<void>;
  /** The second host follows the first one. */
  readonly isReplicated?: boolean;
}

const faults: readonly Fault[] = [
  {
    name: "restarted cleanly",
    async bring(first) {
      await first.stopInOrder();
      await first.start();
    },
  },
  {
    name: `killed, and back after ${DOWN_MS / 1000} s`,
    async bring(first) {
      await first.kill();
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
      await first.endConnections();
    },
  },
  {
    name: `killed, its replica promoted after ${DOWN_MS / 1000} s`,
    isReplicated: true,
    async bring(first, second) {
      await first.kill();
      await Bun.sleep(DOWN_MS);
      await second.promote();
    },
  },
];

async function row(engine: FaultyEngine, fault: Fault, hosts: number): Promise<string> {
  const [first, second] = await engine.pair(fault.isReplicated === true);
  const source = await engine.open([first, second].slice(0, hosts), TIMEOUT_MS);
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
  await Promise.all([first.kill(), second.kill()]);
  const share = `${failed} of ${lookups}`;
  return `| ${fault.name} | ${hosts} | ${share} | ${seconds.toFixed(2)} s | ${(longestMs / 1000).toFixed(2)} s | ${wrong} |`;
}

const [name = "postgres"] = Bun.argv.slice(2);
const engine = ENGINES.get(name);
if (engine === undefined) throw new Error(`there is no engine ${name}: expected postgres or mysql`);
process.stdout.write(
  `| the first host is | hosts | lookups that failed | first right answer after | longest wait | wrong |
| --- | --- | --- | --- | --- | --- |
`,
);
for (const fault of faults) {
  for (const hosts of fault.isReplicated === true ? [2] : [1, 2]) {
    process.stdout.write(`${await row(engine, fault, hosts)}\n`);
  }
}
await engine.end();
