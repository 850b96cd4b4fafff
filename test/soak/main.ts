import { parseArgs } from "node:util";
import { removeBinary } from "../binary.ts";
import { freshSeed } from "../fuzz/random.ts";
import { OK, operate } from "../operations/operated.ts";
import { soakDrains } from "./drains.ts";
import { soakFlood } from "./flood.ts";
import { FRESH, type FreshScene, soakFresh } from "./fresh.ts";
import { soakFullDatabase } from "./full-database.ts";
import { ROUNDS, soakFullLog } from "./full-log.ts";
import { soakIdle } from "./idle.ts";
import { soakKills } from "./kills.ts";
import { soakMixed } from "./mixed.ts";
import { type Phase, soakOutage } from "./outage.ts";
import { soakReloads } from "./reloads.ts";

/**
 * `bun run soak [MODE…]`: the long forms of what `test/operations` shows in short, against the compiled binary.
 * They stop by themselves and end with 1 if a request was lost or answered wrongly that must not be.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    reloads: { type: "string", default: "200" },
    drains: { type: "string", default: "50" },
    connections: { type: "string", default: "10000" },
    kills: { type: "string", default: "50" },
    workers: { type: "string", default: "1" },
    seconds: { type: "string", default: "1800" },
    requests: { type: "string", default: "5000000" },
    outage: { type: "string", default: "3600" },
    flood: { type: "string", default: "60" },
    full: { type: "string", default: "60" },
    rounds: { type: "string", default: "1000000" },
    seed: { type: "string" },
  },
});
const workers = Number(values.workers);
const seed = Number(values.seed ?? freshSeed());

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function report(what: string, counts: object, isWell: boolean): void {
  print(`${isWell ? "well" : "NOT WELL"}: ${what}: ${JSON.stringify(counts)}`);
  if (!isWell) process.exitCode = 1;
}

function printPhase({ name, seconds, answers, residentMib, handles }: Phase): void {
  print(`${name}, ${seconds} s: ${JSON.stringify(answers)}, ${residentMib} MiB, ${handles} handles`);
}

async function checkMetrics(): Promise<void> {
  await using server = await operate({ server: "workers = 2" });
  await server.balance();
  await server.reload();
  const text = await (await server.admin("/metrics")).text();
  const child = Bun.spawn(["promtool", "check", "metrics"], { stdin: Buffer.from(text), stdout: "pipe" });
  report("promtool check metrics", { says: await child.stdout.text() }, (await child.exited) === 0);
}

async function soakDisk(): Promise<void> {
  for (const fileSystem of ["tmpfs", "ext4"] as const) {
    for (const hasAdmin of [true, false]) {
      const options = { fileSystem, workers, hasAdmin, fullSeconds: Number(values.full) };
      const counts = await soakFullLog(options);
      // Of several processes that share the file, one may end a line that another has begun: it is counted as lost.
      const mayTear = workers > 1 || hasAdmin ? ROUNDS * (workers + 1) : 0;
      const isWell = counts.failed + counts.missing + counts.exitCode === 0 && counts.torn <= mayTear;
      report(
        `a full disk (${fileSystem}) below the log, ${hasAdmin ? "with" : "without"} [admin]`,
        counts,
        isWell,
      );
    }
    const counts = await soakFullDatabase(fileSystem);
    const isWell = counts.failed + counts.problems.length === 0;
    report(`a full disk (${fileSystem}) below the database`, counts, isWell);
  }
}

/** The circumstances that made, or could make, a balance from before a commit be answered. */
const FRESH_SCENES: readonly Partial<FreshScene>[] = [
  { others: 1 },
  { committers: 1, others: 1 },
  { others: 20 },
  { others: 100 },
  { connections: "kept" },
  { committers: 100, others: 0 },
  { committers: 32, others: 0, connections: "kept" },
  { workers: 2 },
  { workers: 2, connections: "kept" },
  { way: "tls" },
  { way: "tls", connections: "kept" },
  { way: "nginx" },
  { way: "nginx", workers: 2, connections: "kept" },
  { beside: "checkpoints" },
  { beside: "checkpoints", workers: 2 },
  { beside: "wraps" },
  { beside: "wraps", connections: "kept" },
  { beside: "import", workers: 2 },
  { reopens: true },
  { database: "query" },
  { database: "query", beside: "checkpoints", workers: 2 },
  { database: "query", reopens: true },
  { database: "query", reopens: true, connections: "kept", workers: 2 },
];

async function soakFreshScenes(): Promise<void> {
  const rounds = Math.ceil(Number(values.rounds) / FRESH_SCENES.length);
  for (const scene of FRESH_SCENES) {
    const counts = await soakFresh({ ...FRESH, ...scene }, { rounds, seconds: Number(values.seconds) });
    const isWell = counts.rounds > 0 && counts.stale + counts.wrong + counts.lost === 0;
    report(`commit, then call: ${JSON.stringify(scene)}`, counts, isWell);
  }
}

const modes: Readonly<Record<string, () => Promise<void>>> = {
  async reloads() {
    const counts = await soakReloads(Number(values.reloads), workers);
    report(`reloads, workers = ${workers}`, counts, counts.failed.length === 0 && counts.refused === 0);
  },
  async drains() {
    const counts = await soakDrains(Number(values.drains), workers);
    const lost = counts.lostInFlight + counts.lostOnUsedConnection;
    const isWell = counts.wrong + lost + counts.failedExits === 0;
    report(`drains, workers = ${workers}`, counts, isWell);
  },
  async kills() {
    const counts = await soakKills(Number(values.kills));
    report("kill -9 of a worker", counts, counts.wrong + counts.lostElsewhere + counts.refused === 0);
  },
  async idle() {
    const counts = await soakIdle(Number(values.connections));
    const wrong = counts.closedEarly + counts.leftOpen + Number(counts.isRestReadForEver);
    report(
      "idle connections",
      counts,
      counts.answeredMeanwhile === 100 && counts.slowAnswer === OK && wrong === 0,
    );
  },
  async mixed() {
    print(`seed ${seed}`);
    print("| seconds | requests | resident MiB | handles |\n| --- | --- | --- | --- |");
    const { samples, ...counts } = await soakMixed({
      seconds: Number(values.seconds),
      requests: Number(values.requests),
      seed,
      onSample: (sample) => print(`| ${Object.values(sample).join(" | ")} |`),
    });
    report("mixed load", { ...counts, samples: samples.length }, true);
  },
  async flood() {
    for (const manners of ["waits", "leaves"] as const) {
      for (const connections of [100, 500]) {
        const options = { seconds: Number(values.flood), connections, manners, workers };
        const counts = await soakFlood(options);
        const isWell = counts.wrong + counts.ended + Number(counts.exitCode !== 0) === 0;
        report(`a flood of ${connections} new connections at a time, who ${manners}`, counts, isWell);
      }
    }
  },
  async outage() {
    const counts = await soakOutage(Number(values.outage), printPhase);
    report("an outage of the core", counts, counts.wrong === 0);
  },
  fresh: soakFreshScenes,
  disk: soakDisk,
  metrics: checkMetrics,
};

try {
  for (const mode of positionals.length === 0 ? Object.keys(modes) : positionals) {
    const run = modes[mode];
    if (run === undefined)
      throw new Error(`no such mode: ${mode}; there are ${Object.keys(modes).join(", ")}`);
    await run();
  }
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  removeBinary();
}
