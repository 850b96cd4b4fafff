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
  /** When the call arrived, by `performance.now()`. */
  readonly arrivedMs: number;
  trace: Trace;
  /** Signs the reply: the key that verified the request, until then the first one. */
  key: SigningKey;
  requestId?: string | undefined;
  playerId?: string | undefined;
  body?: Uint8Array;
  /** What came as `X-Signature`, if it did not fit. */
  signature?: string | null;
}

const NO_TRACE_YET: Trace = { traceId: "", traceparent: "" };

/** A call that has just arrived. Reads nothing of it: whatever could throw must find a call that can be answered. */
export function beginCall(request: Request, arrivedMs: number, transport: Transport, key: SigningKey): Call {
  return { request, headers: request.headers, transport, arrivedMs, trace: NO_TRACE_YET, key };
}

/** The caller's trace, or a new one. */
export function traceOf(headers: Headers): Trace {
  const traceparent = headers.get("traceparent");
  const tracestate = traceparent === null ? null : headers.get("tracestate");
  return continueTrace(traceparent, tracestate, randomDigits);
}

const DIGITS = 48;
const POOL_BYTES = (170 * DIGITS) / 2;

/** Random digits for many calls at once. To ask for them call by call would cost more than the rest of the trace. */
let pool = "";
let used = 0;

/** 48 hex digits. */
export function randomDigits(): string {
  if (used === pool.length) {
    pool = crypto.getRandomValues(Buffer.alloc(POOL_BYTES)).toString("hex");
    used = 0;
  }
  used += DIGITS;
  return pool.slice(used - DIGITS, used);
}
