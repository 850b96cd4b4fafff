import { join } from "node:path";
import { start } from "./process.ts";
import { beside, type BenchOptions, makeDatabase, SECRET, type Serving, writeConfig } from "./setting.ts";
import {
  CLIENT_CPU,
  compare,
  leastUs,
  print,
  printRatio,
  run,
  startSubject,
  stop,
  type Subject,
  withClient,
} from "./subject.ts";

/** How many requests the memory is shown after. */
const REQUESTS_FOR_MEMORY = 200_000;

/** The own database beside the floor; returns CPU microseconds a request at `warn`, minimum of the rounds. */
export async function benchSqlite(options: BenchOptions, players: number): Promise<number> {
  const { folder, binary, rounds, connections } = options;
  const database = `balances-${players}.db`;
  await makeDatabase(join(folder, database), players);
  const source = `plugin = "sqlite"\nfile = "${database}"`;
  const load = { secret: SECRET, players, connections };
  const serving = (name: string, more: Partial<Serving>) => {
    const config = writeConfig(folder, { name: `sqlite-${name}`, source, ...more });
    return [binary, "serve", "--config", config];
  };
  const admin = "[admin]\nport = 0\n";
  const yardstick = await startSubject("by hand", beside("by-hand", join(folder, database), SECRET), load);
  const floor = await startSubject("floor", beside("floor"), load);
  const balance = await startSubject(
    'sqlite, level = "warn"',
    serving("warn", { webhook: "authenticate = true" }),
    load,
  );
  const authenticate = withClient(balance, "sqlite, /authenticate", load, "authenticate");
  const logged = await startSubject('sqlite, level = "info"', serving("info", { level: "info" }), load);
  const closed = await startSubject("sqlite, [admin]", serving("closed", { more: admin }), load);
  const watched = await startSubject("sqlite, [admin], console", serving("watched", { more: admin }), load);
  const viewers = watched.processes.map(({ admin: url }) => start(beside("viewer", url), CLIENT_CPU));

  const subjects = [yardstick, floor, balance, authenticate, logged, closed, watched];
  await compare(subjects, rounds);
  await untilRequests(balance, REQUESTS_FOR_MEMORY);
  print(`${players} players, ${connections} connections, ${rounds} rounds`, subjects);
  printRatio(authenticate, balance);
  printRatio(closed, balance);
  printRatio(watched, balance);
  for (const viewer of viewers) await viewer.stop();
  await stop(subjects);
  return leastUs(balance);
}

async function untilRequests(subject: Subject, count: number): Promise<void> {
  while (subject.requests < count) await run(subject, 1000);
}
