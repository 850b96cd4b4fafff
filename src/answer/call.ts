import type { Caller } from "./caller-address.ts";
import type { SigningKey } from "../protocol/signature.ts";
import { continueTrace, type Trace } from "../protocol/trace.ts";

/** What calls come over: one for all calls of a listener. */
export interface Transport {
  callerOf(request: Request): Caller;
  /** Whether the connection of a request is to be closed after its answer. */
  isEnding(request: Request): boolean;
}

/** What is known of a call so far; filled in on its way. */
export interface Call {
  readonly request: Request;
  readonly headers: Headers;
  readonly transport: Transport;
  /** When the call did arrive, by `performance.now()`. */
  readonly arrivedMs: number;
  /** Signs the reply: the key that verified the request, until then the first one. */
  key: SigningKey;
  requestId?: string | undefined;
  playerId?: string | undefined;
  body?: Uint8Array;
  /** What came as `X-Signature`, if it did not fit. */
  signature?: string | null;
  /** Made when somebody asks: a log line, or a source with an upstream. */
  trace?: Trace;
}

/** The caller's trace, or one that begins here. */
export function traceOf(call: Call): Trace {
  const { headers } = call;
  return (call.trace ??= continueTrace(headers.get("traceparent"), headers.get("tracestate"), randomHex));
}

/** 32 hex digits. */
function randomHex(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
