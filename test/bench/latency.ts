import { join } from "node:path";
import { Database } from "bun:sqlite";
import { type Program, start } from "./process.ts";
import { beside, type BenchOptions, makeDatabase, SECRET, writeConfig } from "./setting.ts";
import { CLIENT_CPU, line, SERVER_CPU } from "./subject.ts";

const PLAYERS = 100_000;
const RATES = [1000, 5000];
const RUN_MS = 8000;

interface Figures {
  readonly requests: number;
  readonly failures: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What happens beside the calls; returns what ends it. */
type Disturbance = (server: Program, database: string) => () => void | Promise<void>;

const DISTURBANCES: Readonly<Record<string, Disturbance>> = {
  "nothing else": () => () => {},
  "a reload every second": (server) => {
    const timer = setInterval(() => process.kill(server.pid, "SIGHUP"), 1000);
    return () => clearInterval(timer);
  },
  "another program's 1,000 writes a second": (_server, file) => {
    const database = new Database(file, { readwrite: true });
    database.run("PRAGMA busy_timeout = 1000");
    const write = database.prepare(
      "UPDATE players SET balance_minor = balance_minor + 1 WHERE player_id = ?",
    );
    const timer = setInterval(() => {
      for (let index = 0; index < 10; index += 1) write.run(String(Math.floor(Math.random() * PLAYERS)));
    }, 10);
    return () => {
      clearInterval(timer);
      database.close(true);
    };
  },
};

/** What a caller waits at a fixed rate, with and without something going on beside the calls. */
export async function benchLatency(options: BenchOptions): Promise<void> {
  const { folder, binary } = options;
  const database = join(folder, "latency.db");
  await makeDatabase(database, PLAYERS);
  const csv = join(folder, "players.csv");
  await Bun.write(
    csv,
    `player_id,currency,balance\n${Array.from({ length: PLAYERS }, (_, id) => `${id},EUR,30.50`).join("\n")}\n`,
  );
  const config = writeConfig(folder, {
    name: "latency",
    source: 'plugin = "sqlite"\nfile = "latency.db"',
  });
  const disturbances: typeof DISTURBANCES = {
    ...DISTURBANCES,
    [`players import of ${PLAYERS} rows`]: () => {
      const program = start([binary, "players", "import", csv, "--config", config], CLIENT_CPU);
      return () => program.stop();
    },
  };
  line(`\nwhat a caller waits, in ms, at a fixed rate; ${PLAYERS} players, ${RUN_MS / 1000} s each`);
  line(`${"beside it".padEnd(42)} calls/s      p50      p99    p99.9      max  failures`);
  for (const [name, disturb] of Object.entries(disturbances)) {
    for (const rate of RATES) {
      const server = start([binary, "serve", "--config", config], SERVER_CPU);
      const { url } = JSON.parse(await server.line());
      const load = { url, secret: SECRET, players: PLAYERS, connections: 64 };
      const client = start(beside("fixed-rate", JSON.stringify(load)), CLIENT_CPU);
      await ask(client, rate, 2000);
      const end = disturb(server, database);
      const { p50, p99, p999, max, failures } = await ask(client, rate, RUN_MS);
      await end();
      const columns = [p50, p99, p999, max].map((value) => value.toFixed(2).padStart(8)).join(" ");
      line(`${name.padEnd(42)} ${String(rate).padStart(7)} ${columns} ${String(failures).padStart(9)}`);
      await client.stop();
      await server.stop();
    }
  }
}

async function ask(client: Program, rate: number, milliseconds: number): Promise<Figures> {
  client.send(`run ${rate} ${milliseconds}`);
  return JSON.parse(await client.line());
}
