import { cpuSeconds, median, type Program, residentMb, start } from "./process.ts";
import { beside } from "./setting.ts";

/**
 * A server under measurement, with a client of its own, in several processes that take turns: the same program is some 3 %
 * dearer or cheaper in one process than in the next. A machine that freezes, or whose processor changes its pace, charges
 * that to whatever runs. So windows are short, and a ratio is of a window and of those of the first row right before and
 * after it; its median over all windows is shown, with its standard error.
 */
export interface Subject {
  readonly name: string;
  readonly processes: readonly Measured[];
  /** CPU microseconds a request, one figure a window. */
  windowsUs: number[];
  /** To the first row's windows around each. */
  ratios: number[];
  requests: number;
  seconds: number;
  failures: number;
}

interface Measured {
  /** Of the admin listener; empty if there is none. */
  readonly admin: string;
  /** What the client asks. */
  readonly url: string;
  readonly server: Program;
  readonly client: Program;
}

export interface Load {
  readonly secret: string;
  readonly players: number;
  readonly connections: number;
}

export const SERVER_CPU = 0;
export const CLIENT_CPU = 1;
const WINDOW_MS = 80;
const WINDOWS_PER_ROUND = 6;
const WARM_UP_MS = 2500;

/** Starts a server, which says in a line where it listens, in so many processes, each with a client of its `/balance`. */
export async function startSubject(
  name: string,
  command: readonly string[],
  load: Load,
  processes = 3,
): Promise<Subject> {
  const started: Measured[] = [];
  for (let index = 0; index < processes; index += 1) {
    const server = start(command, SERVER_CPU);
    const { url, admin = "" } = await listening(server);
    started.push({ admin, url, server, client: startClient(url, load) });
  }
  return subjectOf(name, started);
}

/** What a server says once it listens. At `info` a source may have something to say before. */
async function listening(server: Program): Promise<{ readonly url: string; readonly admin?: string }> {
  for (;;) {
    const said = JSON.parse(await server.line());
    if (said.url !== undefined) return said;
  }
}

/** One more client of a server that is there, of another endpoint. */
export function withClient(subject: Subject, name: string, load: Load, endpoint: string): Subject {
  const processes = subject.processes.map((each) => {
    const url = new URL(endpoint, each.url).href;
    return { ...each, url, client: startClient(url, load) };
  });
  return subjectOf(name, processes);
}

function startClient(url: string, load: Load): Program {
  return start(beside("load", JSON.stringify({ url, ...load })), CLIENT_CPU);
}

function subjectOf(name: string, processes: readonly Measured[]): Subject {
  return { name, processes, windowsUs: [], ratios: [], requests: 0, seconds: 0, failures: 0 };
}

/** Loads one of a server's processes for a while; returns its CPU microseconds a request. */
export async function run(subject: Subject, milliseconds: number, process = 0): Promise<number> {
  const measured = subject.processes[process % subject.processes.length];
  if (measured === undefined) throw new Error(`${subject.name} has no process`);
  const { server, client } = measured;
  const before = cpuSeconds(server.pid);
  client.send(`run ${milliseconds}`);
  const { requests, failures } = JSON.parse(await client.line());
  const cpu = cpuSeconds(server.pid) - before;
  subject.requests += requests;
  subject.seconds += milliseconds / 1000;
  subject.failures += failures;
  return (cpu / requests) * 1e6;
}

/** Measures all of them in turn, the first one before and after each other, every other window in the opposite order. */
export async function compare(subjects: readonly Subject[], rounds: number): Promise<void> {
  for (const subject of subjects) {
    for (const index of subject.processes.keys()) await run(subject, WARM_UP_MS, index);
    Object.assign(subject, { requests: 0, seconds: 0 });
  }
  const [base, ...others] = subjects;
  if (base === undefined) return;
  for (let window = 0; window < rounds * WINDOWS_PER_ROUND; window += 1) {
    const measure = async (subject: Subject) => {
      const us = await run(subject, WINDOW_MS, window);
      subject.windowsUs.push(us);
      return us;
    };
    let before = await measure(base);
    for (const subject of window % 2 === 0 ? others : others.toReversed()) {
      const us = await measure(subject);
      const after = await measure(base);
      if (isSamePace(before, after)) subject.ratios.push((2 * us) / (before + after));
      before = after;
    }
  }
}

/** A window between two that differ says nothing: the processor changed its pace meanwhile. */
function isSamePace(before: number, after: number): boolean {
  return Math.abs(after / before - 1) < 0.15;
}

/** Prints a row a subject; the first one is what the others are compared with. */
export function print(title: string, subjects: readonly Subject[]): void {
  printHead(title);
  printRows(subjects);
}

export function printHead(title: string): void {
  line(`\n${title}`);
  line(
    "                                CPU us/request: min  median    ratio +- error   requests/s  resident MB  failures",
  );
}

export function printRows(subjects: readonly Subject[]): void {
  for (const subject of subjects) {
    line(
      [
        subject.name.padEnd(34),
        leastUs(subject).toFixed(2).padStart(16),
        median(subject.windowsUs).toFixed(2).padStart(7),
        ratioText(ratioOf(subject)).padStart(17),
        (subject.requests / subject.seconds).toFixed(0).padStart(12),
        residentMb(subject.processes[0]?.server.pid ?? 0)
          .toFixed(0)
          .padStart(12),
        String(subject.failures).padStart(9),
      ].join(" "),
    );
  }
}

/** Of the rounds: the least of windows as short as these is luck. */
export function leastUs({ windowsUs }: Subject): number {
  const rounds = Array.from({ length: windowsUs.length / WINDOWS_PER_ROUND }, (_, round) =>
    windowsUs.slice(round * WINDOWS_PER_ROUND, (round + 1) * WINDOWS_PER_ROUND),
  );
  return Math.min(...rounds.map(median));
}

interface Ratio {
  readonly value: number;
  readonly error: number;
}

function ratioOf({ ratios }: Subject): Ratio {
  if (ratios.length === 0) return { value: 1, error: 0 };
  const sorted = ratios.toSorted((a, b) => a - b);
  const quartile = (quarters: number) => sorted[Math.floor((sorted.length * quarters) / 4)] ?? Number.NaN;
  // Of a median, as if they were spread normally but for the outliers.
  const error = (1.253 * ((quartile(3) - quartile(1)) / 1.349)) / Math.sqrt(sorted.length);
  return { value: median(ratios), error };
}

function ratioText({ value, error }: Ratio): string {
  return `${value.toFixed(3)} +- ${error.toFixed(3)}`;
}

/** One more comparison among the subjects of a table. */
export function printRatio(subject: Subject, base: Subject): void {
  const [one, other] = [ratioOf(subject), ratioOf(base)];
  const value = one.value / other.value;
  const error = value * Math.hypot(one.error / one.value, other.error / other.value);
  line(`${`${subject.name} against ${base.name}`.padEnd(59)} ${ratioText({ value, error }).padStart(17)}`);
}

export async function stop(subjects: readonly Subject[]): Promise<void> {
  for (const { client, server } of subjects.flatMap(({ processes }) => processes)) {
    await client.stop();
    await server.stop();
  }
}

export function line(text: string): void {
  process.stdout.write(`${text}\n`);
}
