import { join } from "node:path";
import { startUpstream } from "./rest.ts";
import { type BenchOptions, makeDatabase, SECRET, type Serving, writeConfig } from "./setting.ts";
import { benchStartUp } from "./start-up.ts";
import { compare, printHead, printRows, startSubject, stop } from "./subject.ts";

const PLAYERS = 100_000;

/** This executable beside another one, usually the build before: they take turns, setting by setting. */
export async function benchAgainst(options: BenchOptions, other: string): Promise<void> {
  const { folder, binary, rounds, connections } = options;
  const upstream = await startUpstream(0);
  await makeDatabase(join(folder, "against.db"), PLAYERS);
  const sqlite = 'plugin = "sqlite"\nfile = "against.db"';
  const rest = `plugin = "rest"\nurl = "${upstream.url}players/{player_id}"\nbalance = "/data/balance"`;
  const settings: readonly Serving[] = [
    { name: 'sqlite, level = "warn"', source: sqlite },
    { name: 'sqlite, level = "info"', source: sqlite, level: "info" },
    { name: "sqlite, [admin]", source: sqlite, more: "[admin]\nport = 0\n" },
    { name: "rest", source: rest },
  ];
  const load = { secret: SECRET, players: PLAYERS, connections };
  printHead(`this executable beside ${other}, ${connections} connections, ${rounds} rounds`);
  for (const [index, setting] of settings.entries()) {
    const config = writeConfig(folder, { ...setting, name: `against-${index}` });
    const serve = (executable: string) => [executable, "serve", "--config", config];
    const subjects = [
      await startSubject(`${setting.name}, other`, serve(other), load),
      await startSubject(setting.name, serve(binary), load),
    ];
    await compare(subjects, rounds);
    printRows(subjects);
    await stop(subjects);
  }
  await upstream.program.stop();
  await benchStartUp(options, [other, binary]);
}
