import { readdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { ownPlayers } from "../plugins/postgres/own-players.ts";
import { openSource } from "../plugins/postgres/open-source.ts";
import { PLAYERS, startCallers } from "./callers.ts";
import { endPostgres, startPostgres } from "./postgres-server.ts";

/**
 * `bun test/engines/soak.ts --rounds N --lookups N --pause MS --minutes N`: callers over two PostgreSQL hosts, of
 * which the first is restarted in every round and, in every fifth, stays away for a while, so that the second one
 * answers. Each round lasts until its share of the lookups was made, or the minutes are over. Ends with 1 if an
 * answer was wrong, or if memory or handles grew.
 */

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "20" },
    lookups: { type: "string", default: "0" },
    pause: { type: "string", default: "0" },
    minutes: { type: "string", default: "60" },
  },
});
const rounds = Number(values.rounds);
const lookupsARound = Number(values.lookups) / rounds;
const endMs = performance.now() + Number(values.minutes) * 60_000;

const LOAD = { atOnce: 64, pauseMs: Number(values.pause), timeoutMs: 2000 };
/** How many rows of memory and handles are printed. */
const SAMPLES = 20;
const SETTLED_AFTER_ROUNDS = 5;
const PAUSE_MS = 500;
const AWAY_MS = 1500;
/** What a collector that was not pressed may leave. */
const GROWTH_MIB = 100;
const GROWTH_HANDLES = 10;

function footprint() {
  Bun.gc(true);
  const handles = process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
  return { mib: Math.round(process.memoryUsage().rss / 1024 / 1024), handles };
}

function printSample(round: number): void {
  const { mib, handles } = footprint();
  const { lookups, failed } = callers.tally;
  process.stdout.write(`| ${[round, lookups, failed, mib, handles].join(" | ")} |\n`);
}

const [first, second] = await Promise.all([startPostgres(), startPostgres()]);
for (const server of [first, second]) {
  await ownPlayers(server, "casino", {});
  await server.run(
    `INSERT INTO players SELECT i::text, 'EUR', i FROM generate_series(1, ${PLAYERS}) i`,
    "casino",
  );
}
const hosts = [first, second].map(({ port }) => `127.0.0.1:${port}`);
const { source, counts } = await openSource(
  { hosts, database: "casino", user: "klas" },
  { timeoutMs: LOAD.timeoutMs },
);
const callers = startCallers(source, LOAD);
let settled = footprint();
let made = 0;
process.stdout.write(
  "| restarts | lookups | failed | resident MiB | handles |\n| --- | --- | --- | --- | --- |\n",
);
for (let round = 1; round <= rounds && performance.now() < endMs; round += 1) {
  await first.end(round % 2 === 0 ? "SIGINT" : "SIGKILL");
  if (round % 5 === 0) await Bun.sleep(AWAY_MS);
  await first.start();
  do await Bun.sleep(PAUSE_MS);
  while (callers.tally.lookups < round * lookupsARound && performance.now() < endMs);
  made = round;
  if (round % Math.ceil(rounds / SAMPLES) === 0) printSample(round);
  if (round === Math.min(SETTLED_AFTER_ROUNDS, rounds)) settled = footprint();
}
const { lookups, wrong, failed, longestMs } = await callers.stop();
await source.close?.();
const end = footprint();
const isWell =
  wrong === 0 && end.mib - settled.mib <= GROWTH_MIB && end.handles - settled.handles <= GROWTH_HANDLES;
const report = {
  rounds: made,
  lookups,
  wrong,
  failed,
  longestMs: Math.round(longestMs),
  settled,
  end,
  counts,
};
process.stdout.write(`${isWell ? "well" : "NOT WELL"}: ${JSON.stringify(report)}\n`);
await endPostgres();
process.exit(isWell ? 0 : 1);
