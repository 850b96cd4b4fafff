import { dlopen, ptr } from "bun:ffi";
import { readFileSync } from "node:fs";

const { symbols: libc } = dlopen("libc.so.6", {
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
});

/** Seconds and nanoseconds: a `struct timespec`. */
const time = new BigInt64Array(2);

/**
 * CPU seconds, user and system, of a process and everything it started. By the process's clock, in nanoseconds: what
 * /proc shows is in ticks of 10 ms or, if it is not, does not count the threads that have ended.
 */
export function cpuSeconds(pid: number): number {
  // Linux: the clock of a process, as clock_getcpuclockid(3) gives it.
  if (libc.clock_gettime((~pid << 3) | 2, ptr(time)) !== 0) return Number.NaN;
  const own = Number(time[0]) + Number(time[1]) / 1e9;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
  return own + sum(children.map((child) => cpuSeconds(Number(child))));
}

/** Resident memory in MB. */
export function residentMb(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return (Number(kib) * 1024) / 1e6;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const LINE_TIMEOUT_MS = 60_000;

/** A started program whose lines of output are read one by one. */
export interface Program {
  readonly pid: number;
  /** Its next line. Rejects if the program has ended, or says nothing for a minute. */
  line(): Promise<string>;
  send(line: string): void;
  /** Its exit status, if it ends by itself. */
  readonly exited: Promise<number>;
  stop(): Promise<void>;
}

/** Starts a program, on one processor if it is named. Whatever it prints is read on, so that it never waits for us. */
export function start(command: readonly string[], cpu?: number, cwd?: string): Program {
  const pinned = cpu === undefined ? [] : ["taskset", "-c", String(cpu)];
  const child = Bun.spawn([...pinned, ...command], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    env: { ...process.env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const endWithUs = (): void => child.kill("SIGKILL");
  process.once("exit", endWithUs);
  const lines: string[] = [];
  const waiting: PromiseWithResolvers<string>[] = [];
  let hasEnded = false;
  void (async () => {
    let rest = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const reader = waiting.shift();
        if (reader !== undefined) reader.resolve(part);
        // Enough for what is asked for; the log of a run is not kept.
        else if (lines.length < 10) lines.push(part);
      }
    }
    hasEnded = true;
    for (const { reject } of waiting) reject(new Error(`${command.join(" ")} ended`));
  })();
  return {
    pid: child.pid,
    exited: child.exited,
    line: () => {
      const line = lines.shift();
      if (line !== undefined) return Promise.resolve(line);
      const next = Promise.withResolvers<string>();
      if (hasEnded) next.reject(new Error(`${command.join(" ")} ended`));
      else waiting.push(next);
      const late = () => next.reject(new Error(`${command.join(" ")} says nothing`));
      const timer = setTimeout(late, LINE_TIMEOUT_MS);
      return next.promise.finally(() => clearTimeout(timer));
    },
    send: (line) => {
      void child.stdin.write(`${line}\n`);
      void child.stdin.flush();
    },
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
      process.off("exit", endWithUs);
    },
  };
}
