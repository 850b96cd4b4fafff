import type { Caller } from "./caller-address.ts";
import type { SigningKey } from "../protocol/signature.ts";
import { continueTrace, type Trace } from "../protocol/trace.ts";

/** What a call came over. */
export interface Connection {
  readonly caller: () => Caller;
  /** When the call did, by `performance.now()`. */
  readonly arrivedMs: number;
  /** Whether it is to be closed after this answer. */
  readonly isEnding: () => boolean;
}

/** What is known of a call so far; filled in on its way. */
export interface Call {
  readonly connection: Connection;
  readonly headers: Headers;
  readonly trace: () => Trace;
  /** Signs the reply: the key that verified the request, until then the first one. */
  key: SigningKey;
  requestId?: string | undefined;
  playerId?: string | undefined;
  body?: Uint8Array;
  /** What came as `X-Signature`, if it did not fit. */
  signature?: string | null;
}

/** A call that has just arrived. Its trace is made when somebody asks: a log line, or a source with an upstream. */
export function beginCall(headers: Headers, connection: Connection, key: SigningKey): Call {
  let trace: Trace | undefined;
  return {
    connection,
    headers,
    trace: () => (trace ??= continueTrace(headers.get("traceparent"), headers.get("tracestate"), randomHex)),
    key,
  };
}

/** 32 hex digits. */
function randomHex(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
