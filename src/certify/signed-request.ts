import { randomUUID } from "node:crypto";
import { sign, SIGNATURE_HEADER, type SigningKey } from "../protocol/signature.ts";
import { type Connection, type Endpoint, openConnection, type Outcome } from "./connection.ts";

/** The endpoint under test and what is known about it. */
export interface Subject {
  readonly endpoint: Endpoint;
  readonly key: SigningKey;
  readonly secret: string;
  readonly player: string;
  readonly unknownPlayer: string;
  /** The known player's balance, where the user gave it. */
  readonly balance: string | undefined;
  readonly timeoutMs: number;
  readonly samples: number;
  /** Takes the duration of one good call on an open connection. */
  readonly recordMs: (durationMs: number) => void;
}

/** One call, as it goes onto the wire. Header values are sent byte for byte as Latin-1. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  readonly chunked: boolean;
}

/** The four fields of a good request, with an id of its own. */
export interface Fields {
  readonly request_id: string;
  readonly timestamp: number;
  readonly session_id: string;
  readonly player_id: string;
}

export function goodFields(subject: Subject): Fields {
  return {
    request_id: randomUUID(),
    timestamp: Math.floor(Date.now() / 1000),
    session_id: randomUUID(),
    player_id: subject.player,
  };
}

/** Where a call departs from a good one. */
export interface Departure {
  /** Fields that replace or join the good ones; `undefined` removes one. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The whole body, in place of the fields. */
  readonly body?: string | Uint8Array;
  /** The signature headers, from the right signature. */
  readonly signatures?: (right: string) => readonly string[];
  readonly signatureHeader?: string;
  readonly contentType?: string | undefined;
  readonly method?: string;
  readonly pathSuffix?: string;
  readonly chunked?: boolean;
}

/** A call that is good but for its departure. */
export function callWith(subject: Subject, departure: Departure = {}): Call {
  const fields = { ...goodFields(subject), ...departure.fields };
  const body = bytesOf(departure.body ?? JSON.stringify(fields));
  const right = sign(body, subject.key);
  const signatures = departure.signatures?.(right) ?? [right];
  const contentType = "contentType" in departure ? departure.contentType : "application/json";
  const signatureHeader = departure.signatureHeader ?? SIGNATURE_HEADER;
  return {
    method: departure.method ?? "POST",
    path: subject.endpoint.path + (departure.pathSuffix ?? ""),
    headers: [
      ...(contentType === undefined ? [] : [["Content-Type", contentType] as const]),
      ...signatures.map((signature) => [signatureHeader, signature] as const),
    ],
    body,
    chunked: departure.chunked ?? false,
  };
}

function bytesOf(body: string | Uint8Array): Uint8Array {
  return typeof body === "string" ? Buffer.from(body) : body;
}

const CHUNK_BYTES = 16;

/** The bytes of a call: its head and its body. */
export function encodeCall(call: Call, endpoint: Endpoint): readonly [head: Uint8Array, body: Uint8Array] {
  const lines = [
    `${call.method} ${call.path} HTTP/1.1`,
    `Host: ${endpoint.authority}`,
    "User-Agent: klas-balance-certify",
    ...call.headers.map(([name, value]) => `${name}: ${value}`),
    call.chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${call.body.length}`,
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return [head, call.chunked ? inChunks(call.body) : call.body];
}

function inChunks(body: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < body.length; start += CHUNK_BYTES) {
    const chunk = body.subarray(start, start + CHUNK_BYTES);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

/** Sends a call over an open connection, in one piece. */
export function exchangeCall(connection: Connection, subject: Subject, call: Call): Promise<Outcome> {
  return connection.exchange([Buffer.concat(encodeCall(call, subject.endpoint))]);
}

/** Sends a call over a connection of its own, so that no case can spoil the next one. */
export async function sendCall(subject: Subject, call: Call): Promise<Outcome> {
  const connection = await openConnection(subject.endpoint, subject.timeoutMs);
  if ("noReply" in connection) return connection;
  const outcome = await exchangeCall(connection, subject, call);
  connection.close();
  return outcome;
}
