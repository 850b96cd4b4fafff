import type { SigningKey } from "../protocol/signature.ts";
import { continueTrace, type Trace } from "../protocol/trace.ts";

/** What is known of a call so far; filled in on its way. */
export interface Call {
  readonly startedMs: number;
  /** Who is calling; empty where that cannot be said. */
  readonly remote: () => string;
  readonly trace: () => Trace;
  /** Signs the reply: the key that verified the request, until then the first one. */
  key: SigningKey;
  requestId?: string;
  playerId?: string;
  body?: Uint8Array;
}

/** A call that has just arrived. Its trace is made when somebody asks: a log line, or a source with an upstream. */
export function beginCall(request: Request, remote: () => string, key: SigningKey): Call {
  let trace: Trace | undefined;
  return {
    startedMs: performance.now(),
    remote,
    trace: () => (trace ??= continueTrace(request.headers.get("traceparent"), randomHex)),
    key,
  };
}

/** 32 hex digits. */
function randomHex(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
