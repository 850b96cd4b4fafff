import { cpuSeconds, median, type Program, residentMb, start } from "./process.ts";
import { beside } from "./setting.ts";

/**
 * A server under measurement, with a client of its own. A machine that freezes charges the freeze to whatever
 * ran: so short windows, of which a round takes the median, and interleaved rounds, of which the minimum and
 * the median are shown.
 */
export interface Subject {
  readonly name: string;
  /** Of the admin listener; empty if there is none. */
  readonly admin: string;
  /** What the client asks. */
  readonly url: string;
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

/** Starts a server that says in its first line where it listens, and a client of its `/balance`. */
export async function startSubject(name: string, command: readonly string[], load: Load): Promise<Subject> {
  const server = start(command, SERVER_CPU);
  const { url, admin = "" } = JSON.parse(await server.line());
  return subjectOf({ name, admin, server, url }, load);
}

/** One more client of a server that is there, of another endpoint. */
export function withClient(subject: Subject, name: string, load: Load, endpoint: string): Subject {
  return subjectOf({ ...subject, name, url: new URL(endpoint, subject.url).href }, load);
}

function subjectOf(
  { name, admin, server, url }: Pick<Subject, "name" | "admin" | "server" | "url">,
  load: Load,
): Subject {
  const client = start(beside("load", JSON.stringify({ url, ...load })), CLIENT_CPU);
  return { name, admin, server, url, client, roundsUs: [], requests: 0, seconds: 0, failures: 0 };
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

/** Measures all of them in turn, every other round in the opposite order. */
export async function compare(subjects: readonly Subject[], rounds: number): Promise<void> {
  for (const subject of subjects) await run(subject, WARM_UP_MS);
  for (const subject of subjects) Object.assign(subject, { requests: 0, seconds: 0 });
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const windows: number[] = [];
      for (let index = 0; index < WINDOWS_PER_ROUND; index += 1) windows.push(await run(subject, WINDOW_MS));
      subject.roundsUs.push(median(windows));
    }
  }
}

/** Prints a row a subject; the first one is what the others are compared with. */
export function print(title: string, subjects: readonly Subject[]): void {
  printHead(title);
  printRows(subjects);
}

export function printHead(title: string): void {
  line(`\n${title}`);
  line(
    "                            CPU us/request: min  median   ratio: min  median   requests/s  resident MB  failures",
  );
}

export function printRows(subjects: readonly Subject[]): void {
  for (const subject of subjects) {
    line(
      [
        subject.name.padEnd(30),
        Math.min(...subject.roundsUs)
          .toFixed(2)
          .padStart(16),
        median(subject.roundsUs).toFixed(2).padStart(7),
        ...ratios(subject, subjects[0] ?? subject).map((ratio, index) =>
          ratio.toFixed(2).padStart(index === 0 ? 12 : 7),
        ),
        (subject.requests / subject.seconds).toFixed(0).padStart(12),
        residentMb(subject.server.pid).toFixed(0).padStart(12),
        String(subject.failures).padStart(9),
      ].join(" "),
    );
  }
}

/** One more comparison among the subjects of a table. */
export function printRatio(subject: Subject, base: Subject): void {
  const [least, middle] = ratios(subject, base).map((ratio) => ratio.toFixed(2).padStart(7));
  line(`${`${subject.name} against ${base.name}`.padEnd(67)} ${least} ${middle}`);
}

/** Of the minima and of the medians. */
function ratios(subject: Subject, base: Subject): [number, number] {
  return [
    Math.min(...subject.roundsUs) / Math.min(...base.roundsUs),
    median(subject.roundsUs) / median(base.roundsUs),
  ];
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
