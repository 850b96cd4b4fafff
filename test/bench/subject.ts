import { join } from "node:path";
import { cpuSeconds, median, type Program, residentMb, start } from "./process.ts";

/**
 * A server under measurement, with a client of its own. A machine that freezes charges the freeze to whatever
 * ran: so short windows, of which a round takes the median, and interleaved rounds, of which the minimum and
 * the median are shown.
 */
export interface Subject {
  readonly name: string;
  /** Of the admin listener; empty if there is none. */
  readonly admin: string;
  readonly server: Program;
  readonly client: Program;
  /** CPU microseconds a request, one figure a round. */
  readonly roundsUs: number[];
  requests: number;
  seconds: number;
  failures: number;
}

export interface Load {
  readonly secret: string;
  readonly players: number;
  readonly connections: number;
}

export const SERVER_CPU = 0;
export const CLIENT_CPU = 1;
const WINDOW_MS = 150;
const WINDOWS_PER_ROUND = 6;
const WARM_UP_MS = 3000;
const CLIENT = join(import.meta.dir, "load.ts");

/** Starts a server that says in its first line where it listens, and a client that is connected to it. */
export async function startSubject(name: string, command: readonly string[], load: Load): Promise<Subject> {
  const server = start(command, SERVER_CPU);
  const { url, admin = "" } = JSON.parse(await server.line());
  const client = start([process.execPath, CLIENT, JSON.stringify({ url, ...load })], CLIENT_CPU);
  return { name, admin, server, client, roundsUs: [], requests: 0, seconds: 0, failures: 0 };
}

/** Loads a server for a while; returns its CPU microseconds a request. */
export async function run(subject: Subject, milliseconds: number): Promise<number> {
  const before = cpuSeconds(subject.server.pid);
  subject.client.send(`run ${milliseconds}`);
  const { requests, failures } = JSON.parse(await subject.client.line());
  const cpu = cpuSeconds(subject.server.pid) - before;
  subject.requests += requests;
  subject.seconds += milliseconds / 1000;
  subject.failures += failures;
  return (cpu / requests) * 1e6;
}

/** Measures all of them in turn. */
export async function compare(subjects: readonly Subject[], rounds: number): Promise<void> {
  for (const subject of subjects) await run(subject, WARM_UP_MS);
  for (const subject of subjects) Object.assign(subject, { requests: 0, seconds: 0 });
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of subjects) {
      const windows: number[] = [];
      for (let index = 0; index < WINDOWS_PER_ROUND; index += 1) windows.push(await run(subject, WINDOW_MS));
      subject.roundsUs.push(median(windows));
    }
  }
}

/** Prints a row a subject; the first one is what the others are compared with. */
export function print(title: string, subjects: readonly Subject[]): void {
  line(`\n${title}`);
  line(
    "                      CPU us/request: min  median   ratio: min  median   requests/s  resident MB  failures",
  );
  for (const subject of subjects) {
    const [least, middle] = [Math.min(...subject.roundsUs), median(subject.roundsUs)];
    const base = subjects[0]?.roundsUs ?? [];
    line(
      [
        subject.name.padEnd(24),
        least.toFixed(2).padStart(16),
        middle.toFixed(2).padStart(7),
        (least / Math.min(...base)).toFixed(2).padStart(12),
        (middle / median(base)).toFixed(2).padStart(7),
        (subject.requests / subject.seconds).toFixed(0).padStart(12),
        residentMb(subject.server.pid).toFixed(0).padStart(12),
        String(subject.failures).padStart(9),
      ].join(" "),
    );
  }
}

export async function stop(subjects: readonly Subject[]): Promise<void> {
  for (const { client, server } of subjects) {
    await client.stop();
    await server.stop();
  }
}

export function line(text: string): void {
  process.stdout.write(`${text}\n`);
}
