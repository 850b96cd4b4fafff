import { join } from "node:path";
import { cpuSeconds, start, sum } from "./process.ts";
import { childrenOf } from "../operations/operated.ts";
import { beside, type BenchOptions, makeDatabase, SECRET, writeConfig } from "./setting.ts";
import { line } from "./subject.ts";

const PLAYERS = 100_000;
const RUN_MS = 5000;

/**
 * What several workers give on this machine, clients included: nothing is pinned to a processor, so on two of them the
 * clients take their share. The last column is how evenly the kernel spread the connections, by the CPU of each worker.
 */
export async function benchWorkers({ folder, binary, connections }: BenchOptions): Promise<void> {
  await makeDatabase(join(folder, "workers.db"), PLAYERS);
  line(`\nworkers, ${connections} connections, nothing pinned`);
  line("workers   CPU us/call   calls/s   failures   share of each worker");
  for (const workers of [1, 2]) {
    const source = 'plugin = "sqlite"\nfile = "workers.db"';
    const config = writeConfig(folder, {
      name: `workers-${workers}`,
      source,
      server: `workers = ${workers}`,
      more: "[admin]\nport = 0\n",
    });
    const server = start([binary, "serve", "--config", config]);
    const { url } = JSON.parse(await server.line());
    const client = start(
      beside("load", JSON.stringify({ url, secret: SECRET, players: PLAYERS, connections })),
    );
    const run = async (milliseconds: number) => {
      client.send(`run ${milliseconds}`);
      return JSON.parse(await client.line());
    };
    await run(2000);
    const pids = childrenOf(server.pid);
    const before = [cpuSeconds(server.pid), ...pids.map(cpuSeconds)];
    const { requests, failures } = await run(RUN_MS);
    const [all = 0, ...each] = [cpuSeconds(server.pid), ...pids.map(cpuSeconds)].map(
      (seconds, index) => seconds - (before[index] ?? 0),
    );
    const shares = each.map((seconds) => `${Math.round((seconds / sum(each)) * 100)} %`).join(", ");
    line(
      [
        String(workers).padStart(7),
        ((all / requests) * 1e6).toFixed(1).padStart(13),
        ((requests / RUN_MS) * 1000).toFixed(0).padStart(9),
        String(failures).padStart(10),
        `  ${shares}`,
      ].join(" "),
    );
    await client.stop();
    await server.stop();
  }
}
