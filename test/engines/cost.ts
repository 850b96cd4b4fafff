import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cpuSeconds } from "../bench/process.ts";
import { openSource } from "../plugins/postgres/open-source.ts";
import { ownPlayers } from "../plugins/postgres/own-players.ts";
import { PLAYERS, startCallers } from "./callers.ts";
import { endPostgres, startPostgres } from "./postgres-server.ts";

/**
 * `bun test/engines/cost.ts`: the CPU that a lookup costs PostgreSQL itself and the source, by how many are under way at
 * a time, as in `help scale`. Ends with 1 if an answer was wrong.
 */

const DATABASE = "casino";
const SETTLING_MS = 500;
const MEASURE_MS = 4000;

const server = await startPostgres();
await ownPlayers(server, DATABASE, {});
await server.run(
  `INSERT INTO players SELECT i::text, 'EUR', i FROM generate_series(1, ${PLAYERS}) i; ANALYZE players`,
  DATABASE,
);
const postgresPid = Number.parseInt(readFileSync(join(server.folder, "postmaster.pid"), "utf8"), 10);

async function row(batch: boolean, atOnce: number): Promise<string> {
  const { source } = await openSource({
    hosts: [`127.0.0.1:${server.port}`],
    database: DATABASE,
    user: "klas",
    batch,
  });
  // A process of the server whose connection has ended takes its CPU time along.
  await Bun.sleep(SETTLING_MS);
  const [theirs, ours] = [cpuSeconds(postgresPid), process.cpuUsage()];
  const callers = startCallers(source, { atOnce, pauseMs: 0, timeoutMs: 2000 });
  await Bun.sleep(MEASURE_MS);
  const { lookups } = callers.tally;
  // Before the connections end, and their processes with them.
  const theirsUs = ((cpuSeconds(postgresPid) - theirs) / lookups) * 1e6;
  const { user, system } = process.cpuUsage(ours);
  const { wrong, failed } = await callers.stop();
  if (wrong + failed > 0) process.exitCode = 1;
  const figures = [theirsUs.toFixed(0), ((user + system) / lookups).toFixed(0)].map((us) => `${us} µs`);
  return `| ${[batch ? "yes" : "no", atOnce, ...figures].join(" | ")} |`;
}

process.stdout.write("| batch | at a time | PostgreSQL's CPU | ours |\n| --- | --- | --- | --- |\n");
for (const [batch, atOnce] of [
  [true, 1],
  [true, 8],
  [true, 64],
  [false, 64],
] as const) {
  process.stdout.write(`${await row(batch, atOnce)}\n`);
}
await endPostgres();
process.exit();
