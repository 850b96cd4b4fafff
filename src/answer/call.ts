import type { Caller } from "./caller-address.ts";
import type { SigningKey } from "../protocol/signature.ts";
import type { Trace } from "../protocol/trace.ts";

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
  /** Whether the key verified it. */
  isVerified: boolean;
  /** Who calls. Noted before a wait: once the caller has hung up, nobody can tell. */
  caller?: Caller;
  /** Whether the caller was gone before the answer, if that took long. */
  hasHungUp?: boolean;
  requestId?: string | undefined;
  playerId?: string | undefined;
  body?: Uint8Array;
  /** What came as `X-Signature`, if it did not fit. */
  signature?: string | null;
}

const NO_TRACE_YET: Trace = { traceId: "", traceparent: "" };

/** A call that has just arrived. Reads nothing of it: whatever could throw must find a call that can be answered. */
export function beginCall(request: Request, arrivedMs: number, transport: Transport, key: SigningKey): Call {
  return {
    request,
    headers: request.headers,
    transport,
    arrivedMs,
    trace: NO_TRACE_YET,
    key,
    isVerified: false,
  };
}
