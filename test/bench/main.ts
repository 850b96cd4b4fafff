/**
 * `bun run bench`: CPU per request of the compiled binary beside the floor. Both run in turn on one processor,
 * the client on the other one. A machine that freezes charges the freeze to whatever ran: so short windows, of
 * which a round takes the median, and interleaved rounds, of which the minimum and the median are shown.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openToWrite } from "../../plugins/sqlite/own.ts";
import { cpuSeconds, median, type Program, residentMb, start } from "./process.ts";

const { values: options } = parseArgs({
  options: {
    binary: { type: "string", default: "dist/klas-balance" },
    players: { type: "string", default: "100000" },
    rounds: { type: "string", default: "7" },
    connections: { type: "string", default: "32" },
  },
});
const binary = join(process.cwd(), options.binary);
const rounds = Number(options.rounds);
const connections = Number(options.connections);

const SERVER_CPU = 0;
const CLIENT_CPU = 1;
const WINDOW_MS = 150;
const WINDOWS_PER_ROUND = 6;
const WARM_UP_MS = 3000;
const SECRET = "bench-secret-0123456789abcdef";
const CLIENT = join(import.meta.dir, "load.ts");

interface Subject {
  readonly name: string;
  readonly server: Program;
  readonly client: Program;
  /** CPU microseconds a request, one figure a round. */
  readonly roundsUs: number[];
  requests: number;
  seconds: number;
  failures: number;
}

async function makeDatabase(folder: string, players: number): Promise<void> {
  using database = await openToWrite(join(folder, "balances.db"));
  const insert = database.prepare(
    "INSERT INTO players (player_id, currency, balance_minor) VALUES (?, 'EUR', ?)",
  );
  const ids = Array.from({ length: players }, (_, index) => String(index)).toSorted();
  database.transaction(() => {
    for (const [index, id] of ids.entries()) insert.run(id, BigInt(index) * 7n);
  })();
}

function writeConfig(folder: string, level: string): string {
  const file = join(folder, `${level}.toml`);
  writeFileSync(
    file,
    `[server]\nhost = "127.0.0.1"\nport = 0\n[webhook]\nsecrets = ["${SECRET}"]\n` +
      `[sources.players]\nplugin = "sqlite"\nfile = "balances.db"\n[log]\nlevel = "${level}"\n`,
  );
  return file;
}

async function startSubject(name: string, command: readonly string[], players: number): Promise<Subject> {
  const server = start(command, SERVER_CPU);
  const { url } = JSON.parse(await server.line());
  const client = start(
    [process.execPath, CLIENT, JSON.stringify({ url, secret: SECRET, players, connections })],
    CLIENT_CPU,
  );
  return { name, server, client, roundsUs: [], requests: 0, seconds: 0, failures: 0 };
}

async function run(subject: Subject, milliseconds: number): Promise<number> {
  const before = cpuSeconds(subject.server.pid);
  subject.client.send(`run ${milliseconds}`);
  const { requests, failures } = JSON.parse(await subject.client.line());
  const cpu = cpuSeconds(subject.server.pid) - before;
  subject.requests += requests;
  subject.seconds += milliseconds / 1000;
  subject.failures += failures;
  return (cpu / requests) * 1e6;
}

async function measure(subject: Subject): Promise<void> {
  const windows: number[] = [];
  for (let index = 0; index < WINDOWS_PER_ROUND; index += 1) windows.push(await run(subject, WINDOW_MS));
  subject.roundsUs.push(median(windows));
}

async function startUpMs(config: string): Promise<number> {
  const startedMs = performance.now();
  const server = start([binary, "serve", "--config", config], SERVER_CPU);
  const { url } = JSON.parse(await server.line());
  await fetch(url, { method: "POST", body: "{}" });
  const elapsedMs = performance.now() - startedMs;
  await server.stop();
  return elapsedMs;
}

async function bench(players: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-bench-"));
  try {
    await makeDatabase(folder, players);
    const serve = (level: string) => [binary, "serve", "--config", writeConfig(folder, level)];
    const subjects = [
      await startSubject("floor", [process.execPath, join(import.meta.dir, "floor.ts")], players),
      await startSubject("warn", serve("warn"), players),
      await startSubject("info", serve("info"), players),
    ];
    for (const subject of subjects) await run(subject, WARM_UP_MS);
    for (const subject of subjects) Object.assign(subject, { requests: 0, seconds: 0 });
    for (let round = 0; round < rounds; round += 1) for (const subject of subjects) await measure(subject);

    print(subjects, players);
    for (const { server, client } of subjects) {
      await client.stop();
      await server.stop();
    }
    const starts: number[] = [];
    for (let index = 0; index < 9; index += 1) starts.push(await startUpMs(writeConfig(folder, "warn")));
    line(
      `start-up to the first answer: median ${median(starts).toFixed(0)} ms, minimum ${Math.min(...starts).toFixed(0)} ms`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(subjects: readonly Subject[], players: number): void {
  const [floor] = subjects;
  line(
    `${players} players, ${rounds} rounds of ${WINDOWS_PER_ROUND} windows of ${WINDOW_MS} ms, ${connections} connections`,
  );
  line("subject   CPU us/request: min  median   ratio: min  median   requests/s   resident MB   failures");
  for (const subject of subjects) {
    const [least, middle] = [Math.min(...subject.roundsUs), median(subject.roundsUs)];
    const base = floor?.roundsUs ?? [];
    line(
      [
        subject.name.padEnd(8),
        least.toFixed(2).padStart(20),
        middle.toFixed(2).padStart(7),
        (least / Math.min(...base)).toFixed(2).padStart(12),
        (middle / median(base)).toFixed(2).padStart(7),
        (subject.requests / subject.seconds).toFixed(0).padStart(12),
        residentMb(subject.server.pid).toFixed(0).padStart(13),
        String(subject.failures).padStart(10),
      ].join(" "),
    );
  }
}

function line(text: string): void {
  process.stdout.write(`${text}\n`);
}

for (const players of options.players.split(",")) await bench(Number(players));
