import { isatty } from "node:tty";
import type { LogFields, SourceLog } from "../plugin.ts";
import {
  FORMATS,
  LEVELS,
  type LineFormat,
  type LogFormat,
  type LogLevel,
  type RequestRecord,
} from "./line.ts";
import { openOutput, type Output } from "./output.ts";

export interface LogOptions {
  readonly level: LogLevel;
  /** If it is not set, a terminal gets `pretty` and everything else `json`. */
  readonly format?: LogFormat | undefined;
}

export interface Log extends SourceLog {
  /** Whether a line of this level is written; ask before making an expensive one. */
  has(level: LogLevel): boolean;
  /** A line that is written whatever the level: the server is ready, it was reloaded. */
  always(message: string, fields: LogFields): void;
  request(level: LogLevel, record: RequestRecord): void;
  /** Changes what is written from here on. */
  configure(options: LogOptions): void;
  flush(): Promise<void>;
}

/** What a pipe takes from several writers without mixing their lines (POSIX, write()). */
const PIPE_BUF_BYTES = 4096;

/** A log on a file descriptor; standard output if none is given. */
export function openLog(
  options: LogOptions,
  {
    fileDescriptor = 1,
    isShared = false,
  }: { readonly fileDescriptor?: number; readonly isShared?: boolean } = {},
): Log {
  let threshold = 0;
  let format: LineFormat = FORMATS.json;
  const lostLines = (count: number) =>
    format.event("warn", "log lines were lost: the output did not take them", { lines: count });
  const output: Output = openOutput(fileDescriptor, lostLines, isShared ? PIPE_BUF_BYTES : undefined);

  const has = (level: LogLevel) => LEVELS.indexOf(level) >= threshold;
  function write(level: LogLevel, message: string, fields: object): void {
    if (has(level)) output.write(format.event(level, message, fields));
  }
  function writePlain(level: LogLevel, message: string, fields: LogFields = {}): void {
    if (has(level)) write(level, cut(message), plain(fields));
  }
  const usualFormat: LogFormat = isatty(fileDescriptor) ? "pretty" : "json";
  function configure(changed: LogOptions): void {
    threshold = LEVELS.indexOf(changed.level);
    format = FORMATS[changed.format ?? usualFormat];
  }
  configure(options);

  return {
    has,
    configure,
    debug: (message, fields) => writePlain("debug", message, fields),
    info: (message, fields) => writePlain("info", message, fields),
    warn: (message, fields) => writePlain("warn", message, fields),
    error: (message, fields) => writePlain("error", message, fields),
    always: (message, fields) => output.write(format.event("info", message, fields)),
    request(level, record) {
      if (has(level)) output.write(format.request(level, record));
    },
    flush: () => output.flush(),
  };
}

/** What a source or a stack may put into a line; a call's own fields are bounded by the protocol. */
const MAX_TEXT_CHARACTERS = 4000;
const MAX_FIELDS = 20;
const MAX_NAME_CHARACTERS = 64;

/** The line's own keys. No field may replace them. */
const OWN_KEYS: ReadonlySet<string> = new Set(["time", "level", "msg"]);

/** Fields as the contract has them, whatever a plugin passed: few, plain and short. */
function plain(fields: LogFields): object {
  const entries = Object.entries(fields).filter(([name]) => !OWN_KEYS.has(name));
  return Object.fromEntries(
    entries
      .slice(0, MAX_FIELDS)
      .map(([name, value]) => [name.slice(0, MAX_NAME_CHARACTERS), plainValue(value)]),
  );
}

function plainValue(value: unknown): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return cut(value);
  return typeof value === "bigint" ? value.toString() : typeof value;
}

function cut(text: string): string {
  return text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS)}…` : text;
}
