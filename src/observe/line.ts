import { printable } from "../printable.ts";
import type { Reason } from "../protocol/status.ts";

export const LEVELS = ["debug", "info", "warn", "error"] as const;

export type LogLevel = (typeof LEVELS)[number];
export type LogFormat = "json" | "pretty";

/** One answered call. Never a secret, a signature, a balance or a body (spec 5). */
export interface RequestRecord {
  readonly endpoint: string;
  readonly request_id: string | undefined;
  readonly player_id: string | undefined;
  readonly status_code: string;
  readonly reason: Reason;
  readonly duration_ms: number;
  readonly source: string;
  readonly remote: string;
  readonly unreadable_hop?: string | undefined;
  readonly trace_id: string;
  readonly detail: string | undefined;
  /** With `bad_signature`: what `explain` needs to find the mistake. */
  readonly body_bytes?: number | undefined;
  readonly body_sha256?: string | undefined;
}

/** How lines look; each ends with a newline. A field that is not defined is left out. */
export interface LineFormat {
  event(level: LogLevel, message: string, fields: object): string;
  request(level: LogLevel, record: RequestRecord): string;
}

export const FORMATS: Readonly<Record<LogFormat, LineFormat>> = {
  json: { event: jsonEvent, request: jsonRequest },
  pretty: { event: prettyEvent, request: prettyRequest },
};

function jsonEvent(level: LogLevel, message: string, fields: object): string {
  const rest = JSON.stringify(fields);
  const line = `${jsonHead(level)},"msg":${JSON.stringify(message)}`;
  return `${printable(rest === "{}" ? `${line}}` : `${line},${rest.slice(1)}`)}\n`;
}

/**
 * Written piece by piece: there is a line per call, and an object would be made only to be taken apart again. What is not
 * escaped comes from a closed alphabet: endpoints, codes, reasons, addresses, hex digits, and numbers.
 */
function jsonRequest(level: LogLevel, record: RequestRecord): string {
  const { endpoint, request_id, player_id, status_code, reason, duration_ms, remote, trace_id } = record;
  const { source, unreadable_hop, detail, body_bytes, body_sha256 } = record;
  let line = `${jsonHead(level)},"msg":"${endpoint}","endpoint":"${endpoint}"`;
  if (request_id !== undefined) line += `,"request_id":${quoted(request_id)}`;
  if (player_id !== undefined) line += `,"player_id":${quoted(player_id)}`;
  line += `,"status_code":"${status_code}","reason":"${reason}","duration_ms":${duration_ms}`;
  line += `,"source":${quoted(source)},"remote":"${remote}"`;
  if (unreadable_hop !== undefined) line += `,"unreadable_hop":${quoted(unreadable_hop)}`;
  line += `,"trace_id":"${trace_id}"`;
  if (detail !== undefined) line += `,"detail":${quoted(detail)}`;
  if (body_sha256 !== undefined) line += `,"body_bytes":${body_bytes},"body_sha256":"${body_sha256}"`;
  return `${line}}\n`;
}

function jsonHead(level: LogLevel): string {
  return `{"time":"${timestamp()}","level":"${level}"`;
}

/** Text that stands for itself in JSON and on a terminal: visible ASCII and spaces, without `"` and `\`. */
const ITSELF = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return ITSELF.test(text) ? `"${text}"` : printable(JSON.stringify(text));
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
function prettyEvent(level: LogLevel, message: string, fields: object): string {
  const defined = Object.entries(fields).filter(([, value]) => value !== undefined);
  const shown = defined.map(([name, value]) => ` ${name}=${plainOrQuoted(value)}`);
  return `${printable(`${prettyHead(level)} ${message}${shown.join("")}`)}\n`;
}

/**
 * A call for people: `OK balance 12001 0.4 ms 203.0.113.7 r-1`, and why it is not OK. It leaves out what is the same in
 * every line, and the ids that only machines match.
 */
function prettyRequest(level: LogLevel, record: RequestRecord): string {
  const { status_code, endpoint, player_id, duration_ms, remote, unreadable_hop, request_id } = record;
  const { reason, detail, body_bytes, body_sha256 } = record;
  const words = [
    prettyHead(level),
    status_code,
    endpoint,
    shownOrDash(player_id),
    `${duration_ms} ms`,
    shownOrDash(remote),
    shownOrDash(request_id),
    ...(reason === "ok" ? [] : [detail === undefined ? reason : `${reason}: ${detail}`]),
    ...(unreadable_hop === undefined ? [] : [`unreadable_hop=${plainOrQuoted(unreadable_hop)}`]),
    ...(body_bytes === undefined ? [] : [`body_bytes=${body_bytes} body_sha256=${body_sha256}`]),
  ];
  return `${printable(words.join(" "))}\n`;
}

function prettyHead(level: LogLevel): string {
  return `${timestamp().slice(11, 23)} ${level.padEnd(5)}`;
}

function shownOrDash(text: string | undefined): string {
  return text === undefined || text === "" ? "-" : plainOrQuoted(text);
}

function plainOrQuoted(value: unknown): string {
  return typeof value === "string" && /^[\w.:/@-]+$/.test(value) ? value : JSON.stringify(value);
}
