import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { median, start } from "./process.ts";
import {
  CLIENT_CPU,
  compare,
  line,
  print,
  run,
  SERVER_CPU,
  startSubject,
  stop,
  type Subject,
} from "./subject.ts";

export interface BenchOptions {
  readonly binary: string;
  /** A folder of the bench's own. */
  readonly folder: string;
  readonly rounds: number;
  readonly connections: number;
}

export const SECRET = "bench-secret-0123456789abcdef";
const STARTS = 9;

/** How many requests the memory is shown after. */
const REQUESTS_FOR_MEMORY = 200_000;

export async function makeDatabase(file: string, players: number): Promise<void> {
  using database = await openToWrite(file);
  // In the order of the keys, as text, the b-tree grows at its end.
  database.run(
    `INSERT INTO players (player_id, currency, balance_minor)
     WITH RECURSIVE number(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM number WHERE value + 1 < ?)
     SELECT CAST(value AS TEXT) AS id, 'EUR', value * 7 FROM number ORDER BY id`,
    [players],
  );
}

export function writeConfig(folder: string, name: string, level: string, source: string, more = ""): string {
  const file = join(folder, `${name}.toml`);
  writeFileSync(
    file,
    `[server]\nhost = "127.0.0.1"\nport = 0\n[webhook]\nsecrets = ["${SECRET}"]\n` +
      `[sources.players]\n${source}\n[log]\nlevel = "${level}"\nformat = "json"\n${more}`,
  );
  return file;
}

/** The own database beside the floor; returns CPU microseconds a request at `warn`, minimum of the rounds. */
export async function benchSqlite(options: BenchOptions, players: number): Promise<number> {
  const { folder, binary, rounds, connections } = options;
  const database = `balances-${players}.db`;
  await makeDatabase(join(folder, database), players);
  const source = `plugin = "sqlite"\nfile = "${database}"`;
  const serve = (level: string) => [binary, "serve", "--config", writeConfig(folder, level, level, source)];
  const load = { secret: SECRET, players, connections };
  const supervised = (name: string) => {
    const config = writeConfig(folder, name, "warn", source, "[admin]\nport = 0\n");
    return [binary, "serve", "--config", config];
  };
  const [yardstick, floor, warn, info, closed, watched] = [
    await startSubject("by hand", [...bench("by-hand"), join(folder, database), SECRET], load),
    await startSubject("floor", bench("floor"), load),
    await startSubject('sqlite, level = "warn"', serve("warn"), load),
    await startSubject('sqlite, level = "info"', serve("info"), load),
    await startSubject("… with [admin]", supervised("closed"), load),
    await startSubject("… and a console open", supervised("watched"), load),
  ];
  const viewer = start([...bench("viewer"), watched.admin], CLIENT_CPU);
  const subjects = [yardstick, floor, warn, info, closed, watched];
  await compare(subjects, rounds);
  await untilRequests(warn, REQUESTS_FOR_MEMORY);
  print(`${players} players, ${connections} connections, ${rounds} rounds`, subjects);
  await viewer.stop();
  await stop(subjects);
  await benchStart(writeConfig(folder, "warn", "warn", source), binary);
  return Math.min(...warn.roundsUs);
}

/** A program that lies beside this file. */
function bench(name: string): string[] {
  return [process.execPath, join(import.meta.dir, `${name}.ts`)];
}

async function untilRequests(subject: Subject, count: number): Promise<void> {
  while (subject.requests < count) await run(subject, 1000);
}

async function benchStart(config: string, binary: string): Promise<void> {
  const times: number[] = [];
  for (let index = 0; index < STARTS; index += 1) {
    const startedMs = performance.now();
    const server = start([binary, "serve", "--config", config], SERVER_CPU);
    const { url } = JSON.parse(await server.line());
    await fetch(url, { method: "POST", body: "{}" });
    times.push(performance.now() - startedMs);
    await server.stop();
  }
  line(
    `start-up to the first answer: median ${median(times).toFixed(0)} ms, minimum ${Math.min(...times).toFixed(0)} ms`,
  );
}
