import { join } from "node:path";
import { median, residentMb, start } from "./process.ts";
import { type BenchOptions, makeDatabase, writeConfig } from "./setting.ts";
import { line, SERVER_CPU } from "./subject.ts";

const STARTS = 15;

/** From the start of the process to its first answer, and what it holds then; the executables take turns. */
export async function benchStartUp({ folder }: BenchOptions, binaries: readonly string[]): Promise<void> {
  await makeDatabase(join(folder, "start-up.db"), 1000);
  const config = writeConfig(folder, {
    name: "start-up",
    source: 'plugin = "sqlite"\nfile = "start-up.db"',
  });
  const found = binaries.map((binary) => ({ binary, timesMs: [] as number[], residentMb: [] as number[] }));
  for (let index = 0; index < STARTS; index += 1) {
    for (const { binary, timesMs, residentMb: memory } of found) {
      const startedMs = performance.now();
      const server = start([binary, "serve", "--config", config], SERVER_CPU);
      const { url } = JSON.parse(await server.line());
      await fetch(url, { method: "POST", body: "{}" });
      timesMs.push(performance.now() - startedMs);
      memory.push(residentMb(server.pid));
      await server.stop();
    }
  }
  line(`\nfrom the start to the first answer, ${STARTS} starts each`);
  line("minimum ms  median ms  resident MB");
  for (const { binary, timesMs, residentMb: memory } of found) {
    const figures = [
      Math.min(...timesMs)
        .toFixed(0)
        .padStart(10),
      median(timesMs).toFixed(0).padStart(10),
      median(memory).toFixed(0).padStart(12),
    ];
    line(`${figures.join(" ")}   ${binary}`);
  }
}
