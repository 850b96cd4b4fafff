import { isatty } from "node:tty";
import type { LogFields, SourceLog } from "../plugin.ts";
import type { Reason } from "../protocol/status.ts";
import { printable } from "../printable.ts";
import { openOutput, type Output } from "./output.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof LEVELS)[number];
export type LogFormat = "json" | "pretty";

/** One answered call. Never a secret, a signature, a balance or a body (spec 5). */
export interface RequestRecord {
  readonly request_id: string | undefined;
  readonly player_id: string | undefined;
  readonly status_code: string;
  readonly reason: Reason;
  readonly duration_ms: number;
  readonly source: string;
  readonly remote: string;
  readonly trace_id: string;
  readonly detail: string | undefined;
  /** With `bad_signature`: what `explain` needs to find the mistake. */
  readonly body_bytes?: number;
  readonly body_sha256?: string;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Where it is not set, a terminal gets `pretty` and everything else `json`. */
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

/** A log on a file descriptor; standard output where none is given. */
export function openLog(
  options: LogOptions,
  {
    fileDescriptor = 1,
    isShared = false,
  }: { readonly fileDescriptor?: number; readonly isShared?: boolean } = {},
): Log {
  let threshold = 0;
  let format: Format = formatJson;
  const lostLines = (count: number) =>
    format("warn", "log lines were lost: the output did not take them", { lines: count });
  const output: Output = openOutput(fileDescriptor, lostLines, isShared ? PIPE_BUF_BYTES : undefined);

  const has = (level: LogLevel) => LEVELS.indexOf(level) >= threshold;
  function write(level: LogLevel, message: string, fields: object): void {
    if (has(level)) output.write(format(level, message, fields));
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
    always: (message, fields) => output.write(format("info", message, fields)),
    request: (level, record) => write(level, "balance", record),
    flush: () => output.flush(),
  };
}

/** What a source or a stack may put into a line; a call's own fields are bounded by the protocol. */
const MAX_TEXT_CHARACTERS = 4000;
const MAX_FIELDS = 20;
const MAX_NAME_CHARACTERS = 64;

/** A line's own keys, which no field may stand in for. */
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

type Format = (level: LogLevel, message: string, fields: object) => string;

const FORMATS = { json: formatJson, pretty: formatPretty } satisfies Record<LogFormat, Format>;

/** A field that is not defined is left out. */
function formatJson(level: LogLevel, msg: string, fields: object): string {
  const head = `{"time":"${timestamp()}","level":"${level}","msg":${JSON.stringify(msg)}`;
  const rest = JSON.stringify(fields);
  return rest === "{}" ? `${head}}\n` : `${head},${rest.slice(1)}\n`;
}

let latestMs = 0;
let latestTimestamp = "";

/** Now, as RFC 3339 has it, in UTC; under load many lines share a millisecond. */
function timestamp(): string {
  const nowMs = Date.now();
  if (nowMs !== latestMs) {
    latestMs = nowMs;
    latestTimestamp = new Date(nowMs).toISOString();
  }
  return latestTimestamp;
}

/** For people: the time of day, the level, the message, then the fields. Values are quoted as in JSON. */
function formatPretty(level: LogLevel, message: string, fields: object): string {
  const time = timestamp().slice(11, 23);
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  const shown = defined.map(([name, value]) => ` ${name}=${plainOrQuoted(value)}`);
  return `${printable(`${time} ${level.padEnd(5)} ${message}${shown.join("")}`)}\n`;
}

function plainOrQuoted(value: unknown): string {
  return typeof value === "string" && /^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value);
}
