/**
 * `bun run bench`: CPU per request of the compiled binary beside a floor in the same runtime. The servers run in
 * turn on one processor, the clients on another one.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { benchAgainst } from "./against.ts";
import { benchEngine } from "./engines.ts";
import { benchForward } from "./forward.ts";
import { benchLatency } from "./latency.ts";
import { benchProfile } from "./profile.ts";
import { benchRest, benchThroughput } from "./rest.ts";
import type { BenchOptions } from "./setting.ts";
import { benchSqlite } from "./sqlite.ts";
import { benchStartUp } from "./start-up.ts";
import { benchWorkers } from "./workers.ts";
import { line } from "./subject.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    binary: { type: "string", default: "dist/klas-balance" },
    players: { type: "string", default: "100000" },
    rounds: { type: "string", default: "7" },
    connections: { type: "string", default: "32" },
    /** Another executable: only these two are compared. */
    against: { type: "string" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "klas-balance-bench-"));
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
const options: BenchOptions = {
  binary: resolve(values.binary),
  folder,
  rounds: Number(values.rounds),
  connections: Number(values.connections),
};
const playerCounts = values.players.split(",").map(Number);

/** Each says why it did not run, if so. */
const parts: Readonly<Record<string, () => Promise<string | undefined | void>>> = {
  sqlite: () => benchScale(playerCounts),
  "start-up": () => benchStartUp(options, [options.binary]),
  rest: () => benchRest(options),
  forward: () => benchForward(options),
  throughput: () => benchThroughput(options),
  postgres: () => benchEngine("postgres", options, playerCounts[0] ?? 0),
  mysql: () => benchEngine("mysql", options, playerCounts[0] ?? 0),
  redis: () => benchEngine("redis", options, playerCounts[0] ?? 0),
  workers: () => benchWorkers(options),
  latency: () => benchLatency(options),
  profile: () => benchProfile(options),
};

// Whatever ends this one ends what it started, see process.ts.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const all = values.against === undefined ? Object.keys(parts) : [];
const wanted = positionals.length > 0 ? positionals : all;
const unknown = positionals.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  process.stderr.write(`no part "${unknown}": ${Object.keys(parts).join(", ")}\n`);
  process.exit(2);
}
const load = (loadavg()[0] ?? 0).toFixed(2);
line(`${cpus().length} x ${cpus()[0]?.model}, load before it ${load}, Bun ${Bun.version}`);
if (values.against !== undefined) await benchAgainst(options, resolve(values.against));
const missing: string[] = [];
for (const [name, measure] of Object.entries(parts)) {
  const why = wanted.includes(name) ? await measure() : undefined;
  if (why !== undefined) missing.push(`did not run: ${name}, ${why}`);
}
for (const text of missing) line(text);
process.exit(0);

/** One table for each number of players and, if there are several, how the CPU grows with it. */
async function benchScale(counts: readonly number[]): Promise<void> {
  const leasts: number[] = [];
  for (const players of counts) leasts.push(await benchSqlite(options, players));
  const [first = Number.NaN, ...others] = leasts;
  if (others.length === 0) return;
  line("\n   players   CPU us/request   against the first");
  for (const [index, least] of leasts.entries()) {
    const players = String(counts[index]).padStart(10);
    line(`${players} ${least.toFixed(2).padStart(16)} ${(least / first).toFixed(2).padStart(19)}`);
  }
}
