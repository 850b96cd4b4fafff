import { join } from "node:path";
import { type Program, start } from "./process.ts";
import { beside, type BenchOptions, makeDatabase, SECRET, writeConfig } from "./setting.ts";
import { CLIENT_CPU, line, SERVER_CPU } from "./subject.ts";

const PLAYERS = 100_000;
const RATES = [1000, 5000];
const WARM_UP_MS = 2000;
const RUN_MS = 8000;
const WRITES_PER_SECOND = 1000;

interface Figures {
  readonly failures: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

interface Scene {
  readonly name: string;
  readonly command: readonly string[];
  /** What goes on beside the calls, until it is ended; that says what was done. */
  readonly disturb: (server: Program) => () => Promise<string>;
}

/** What a caller waits at a fixed rate, with and without something going on beside the calls. */
export async function benchLatency({ folder, binary }: BenchOptions): Promise<void> {
  const database = join(folder, "latency.db");
  await makeDatabase(database, PLAYERS);
  const config = writeConfig(folder, {
    name: "latency",
    source: 'plugin = "sqlite"\nfile = "latency.db"',
  });
  const command = [binary, "serve", "--config", config];
  const lists = await Promise.all([writePlayers(folder, "30.50"), writePlayers(folder, "31.50")]);
  const scenes: readonly Scene[] = [
    { name: "the floor, nothing beside it", command: beside("floor"), disturb: () => async () => "" },
    { name: "nothing", command, disturb: () => async () => "" },
    { name: "a reload every second", command, disturb: reloads },
    {
      name: `players import, ${PLAYERS} rows, in a row`,
      command,
      disturb: () => imports([binary, "players", "import", "--config", config], lists),
    },
    { name: "another program writes", command, disturb: () => writes(database) },
  ];
  line(`\nwhat a caller waits, in ms, at a fixed rate; ${PLAYERS} players, ${RUN_MS / 1000} s each`);
  line(`${"beside the calls".padEnd(36)} calls/s      p50      p99    p99.9      max  failures  done`);
  for (const scene of scenes) {
    for (const rate of RATES) {
      const { p50, p99, p999, max, failures, done } = await measure(scene, rate);
      const columns = [p50, p99, p999, max].map((value) => value.toFixed(2).padStart(8)).join(" ");
      line(
        `${scene.name.padEnd(36)} ${String(rate).padStart(7)} ${columns} ${String(failures).padStart(9)}  ${done}`,
      );
    }
  }
}

async function measure({ command, disturb }: Scene, rate: number): Promise<Figures & { done: string }> {
  const server = start(command, SERVER_CPU);
  const { url } = JSON.parse(await server.line());
  const load = JSON.stringify({ url, secret: SECRET, players: PLAYERS, connections: 64 });
  const client = start(beside("fixed-rate", load), CLIENT_CPU);
  await ask(client, rate, WARM_UP_MS);
  const end = disturb(server);
  const figures = await ask(client, rate, RUN_MS);
  const done = await end();
  await client.stop();
  await server.stop();
  return { ...figures, done };
}

async function ask(client: Program, rate: number, milliseconds: number): Promise<Figures> {
  client.send(`run ${rate} ${milliseconds}`);
  return JSON.parse(await client.line());
}

/** Repeats a step until it is ended, and then waits for the one that is under way; `done` says how many there were. */
function repeat(step: (index: number) => Promise<void>, done: (count: number) => string) {
  const over = new AbortController();
  const running = (async () => {
    let count = 0;
    for (; !over.signal.aborted; count += 1) await step(count);
    return done(count);
  })();
  return (): Promise<string> => {
    over.abort();
    return running;
  };
}

function reloads(server: Program): () => Promise<string> {
  return repeat(
    async () => {
      process.kill(server.pid, "SIGHUP");
      const { msg } = JSON.parse(await server.line());
      if (msg !== "reloaded") throw new Error(`a reload came to: ${msg}`);
      await Bun.sleep(1000);
    },
    (count) => `${count} reloads`,
  );
}

/**
 * Two lists in turn, so that each import changes every row. It shares a processor with the client and makes way for it:
 * what is measured is the server's delay, not the client's own.
 */
function imports(command: readonly string[], lists: readonly string[]): () => Promise<string> {
  return repeat(
    async (index) => {
      const program = start(["nice", "-n", "19", ...command, lists[index % lists.length] ?? ""], CLIENT_CPU);
      const status = await program.exited;
      if (status !== 0) throw new Error(`players import ended with status ${status}`);
    },
    (count) => `${count} imports`,
  );
}

function writes(database: string): () => Promise<string> {
  const writer = start(beside("writer", database, String(WRITES_PER_SECOND), String(PLAYERS)), CLIENT_CPU);
  return async () => {
    writer.send("end");
    const written = await writer.line();
    await writer.stop();
    return `${written} writes`;
  };
}

async function writePlayers(folder: string, balance: string): Promise<string> {
  const file = join(folder, `players-${balance}.csv`);
  const rows = Array.from({ length: PLAYERS }, (_, id) => `${id},EUR,${balance}`);
  await Bun.write(file, `player_id,currency,balance\n${rows.join("\n")}\n`);
  return file;
}
