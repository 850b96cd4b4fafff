import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as fc from "fast-check";
import { removeBinary } from "../binary.ts";
import { footprint } from "../operations/operated.ts";
import { serve } from "../server-process.ts";
import { fuzzedProperties } from "./properties.ts";
import { freshSeed } from "./random.ts";
import { FUZZED_CONFIG, fuzzRequests } from "./requests.ts";

/**
 * `bun run fuzz [--seconds N] [--requests N] [--seed N]`: the long form. Half of the time goes to mutated
 * requests against the compiled binary, the other half to the properties in turn.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    requests: { type: "string" },
    seed: { type: "string" },
  },
});
const seed = Number(values.seed ?? freshSeed());
const halfMs = Number(values.seconds) * 500;
const folder = mkdtempSync(join(tmpdir(), "klas-balance-fuzz-"));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function fuzzBinary(): Promise<void> {
  const server = await serve(folder, FUZZED_CONFIG);
  const samples = [`0: ${footprint(server.pid).residentMib}`];
  const endMs = performance.now() + halfMs;
  let sampleAt = 10_000;
  try {
    const isEnough = (requests: number) =>
      values.requests === undefined ? performance.now() >= endMs : requests >= Number(values.requests);
    const counts = await fuzzRequests(server.port, seed, isEnough, (requests) => {
      if (requests < sampleAt) return;
      samples.push(`${requests}: ${footprint(server.pid).residentMib}`);
      sampleAt = requests + Math.max(10_000, requests / 10);
    });
    print(`requests: ${counts.requests}, every answer as expected and signed`);
    for (const [answer, count] of counts.answers) print(`  ${answer}: ${count}`);
  } finally {
    print(`  resident MiB after requests: ${samples.join(", ")}`);
    server.signal("SIGTERM");
    await server.exited;
  }
}

async function fuzzProperties(): Promise<void> {
  for (const each of fuzzedProperties) {
    const { name } = each;
    const result = await fc.check(each.property(folder), {
      seed: seed | 0,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: halfMs / fuzzedProperties.length,
      markInterruptAsFailure: false,
    });
    if (result.failed)
      throw new Error(
        `seed ${seed}: ${name}\n${String(result.errorInstance)}\n${fc.defaultReportMessage(result)}`,
      );
    print(`${name}: ${result.numRuns} runs`);
  }
}

print(`seed ${seed}`);
try {
  await fuzzBinary();
  await fuzzProperties();
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  removeBinary();
}
