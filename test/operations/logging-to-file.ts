import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { binary } from "../binary.ts";
import { configOf, eventually, type Tables } from "./operated.ts";

/** The compiled binary with its standard output appended to a file. */
export interface LoggingToFile extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
  log(): string;
  signal(signal: NodeJS.Signals): void;
  readonly exited: Promise<number>;
}

export async function serveLoggingTo(
  file: string,
  tables: Tables,
  /** Words that come before the command, such as those of a shell. */
  before: readonly string[] = [],
): Promise<LoggingToFile> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-logging-"));
  writeFileSync(join(folder, "config.toml"), configOf(tables));
  const descriptor = openSync(file, "a");
  const child = Bun.spawn([...before, binary(), "serve"], {
    cwd: folder,
    env: {},
    stdin: "ignore",
    stdout: descriptor,
    stderr: "inherit",
  });
  closeSync(descriptor);
  const log = () => readFileSync(file, "utf8");
  const port = await eventually("the port", () =>
    Promise.resolve(/"url":"http:\/\/[^"]*:(\d+)\//.exec(log())?.[1]),
  );
  return {
    pid: child.pid,
    port: Number(port),
    log,
    signal: (signal) => child.kill(signal),
    exited: child.exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What a log file says of itself. */
export interface LogCounts {
  /** Lines of calls. */
  readonly calls: number;
  /** Lines that are not of calls. */
  readonly others: number;
  /** How many lines it says were lost. */
  readonly lost: number;
  /** Lines that are not whole. */
  readonly torn: number;
}

const line = v.looseObject({ msg: v.string(), lines: v.optional(v.number()) });

export function countLog(text: string): LogCounts {
  const counts = { calls: 0, others: 0, lost: 0, torn: 0 };
  for (const each of text.split("\n").slice(0, -1)) {
    try {
      const { msg, lines = 0 } = v.parse(line, JSON.parse(each));
      counts[msg === "balance" ? "calls" : "others"] += 1;
      if (msg.startsWith("log lines were lost")) counts.lost += lines;
    } catch {
      counts.torn += 1;
    }
  }
  return counts;
}
