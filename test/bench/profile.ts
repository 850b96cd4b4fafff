import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { startUpstream } from "./rest.ts";
import { type BenchOptions, makeDatabase, SECRET, writeConfig } from "./setting.ts";
import { line, run, startSubject, stop } from "./subject.ts";

const PLAYERS = 100_000;
const RUN_MS = 6000;
const SHOWN = 20;
const REPOSITORY = resolve(import.meta.dir, "../..");

interface Profile {
  readonly nodes: readonly {
    readonly hitCount: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
}

/**
 * Which functions the time of a balance call is spent in, for SQLite and for REST. The server runs from source, because the
 * runtime has no profiler for an executable. Samples are counted: a profile's times hold what was waited for, too.
 */
export async function benchProfile(options: BenchOptions): Promise<void> {
  await makeDatabase(join(options.folder, "profile.db"), PLAYERS);
  await profile(options, "sqlite", 'plugin = "sqlite"\nfile = "profile.db"');
  const upstream = await startUpstream(0);
  const rest = `plugin = "rest"\nurl = "${upstream.url}players/{player_id}"\nbalance = "/data/balance"`;
  await profile(options, "rest", rest);
  await upstream.program.stop();
}

async function profile({ folder, connections }: BenchOptions, plugin: string, source: string): Promise<void> {
  const config = writeConfig(folder, { name: `profile-${plugin}`, source });
  const kept = join(REPOSITORY, "dist", "profile");
  mkdirSync(kept, { recursive: true });
  const file = `${plugin}-${Date.now()}.cpuprofile`;
  const profiler = ["--cpu-prof", `--cpu-prof-dir=${kept}`, `--cpu-prof-name=${file}`];
  const main = join(REPOSITORY, "src", "main.ts");
  const command = [process.execPath, ...profiler, main, "serve", "--config", config];
  const load = { secret: SECRET, players: PLAYERS, connections };
  const subject = await startSubject(plugin, command, load, 1);
  await run(subject, RUN_MS);
  await stop([subject]);

  const { nodes }: Profile = await Bun.file(join(kept, file)).json();
  const samples = new Map<string, number>();
  let all = 0;
  for (const { hitCount, callFrame } of nodes) {
    const place = callFrame.url.replace("file://", "").replace(`${REPOSITORY}/`, "");
    const key = `${callFrame.functionName || "(anonymous)"}  ${place || "(the runtime)"}`;
    samples.set(key, (samples.get(key) ?? 0) + hitCount);
    all += hitCount;
  }
  line(`\nwhere the time of ${subject.requests} calls went, ${plugin}, ${all} samples; dist/profile/${file}`);
  line("   self   function");
  const largest = [...samples].toSorted(([, one], [, other]) => other - one).slice(0, SHOWN);
  for (const [key, count] of largest) line(`${((count / all) * 100).toFixed(1).padStart(5)} %   ${key}`);
}
