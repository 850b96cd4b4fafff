/**
 * W3C Trace Context, level 1: version, trace-id, parent-id, flags. More may follow in a version after 00, which is
 * understood as 00 then.
 */
const TRACEPARENT =
  /^(?!ff)(?:00(?=.{53}$)|(?!00)[0-9a-f]{2})-((?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2})(?=-|$)/;

export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The header to pass on. No span of ours is reported anywhere, so the caller's stays the parent. */
  readonly traceparent: string;
  /** What tracing systems keep beside it (section 3.3): it goes where `traceparent` goes, unread. */
  readonly tracestate?: string;
}

/** Members of a list, in printable ASCII. Longer than any system needs; the standard asks for 512. */
const TRACESTATE = /^(?=.*[^\s,])[\t\x20-\x7e]{1,2048}$/;

/** The caller's trace, passed on; `undefined` if its `traceparent` is not valid, and one of our own is to begin. */
export function continueTrace(header: string, state: string | null): Trace | undefined {
  const [, passedOn, traceId] = TRACEPARENT.exec(header) ?? [];
  if (passedOn === undefined || traceId === undefined) return undefined;
  const traceparent = `00-${passedOn}`;
  return state !== null && TRACESTATE.test(state)
    ? { traceId, traceparent, tracestate: state }
    : { traceId, traceparent };
}

/** The random digits that a trace begins with: 32 of its own, 16 of its parent. */
export const TRACE_DIGITS = 48;

/** A trace that begins here, not sampled. */
export function beginTrace(digits: string): Trace {
  const traceId = digits.slice(0, 32);
  return { traceId, traceparent: `00-${traceId}-${digits.slice(32)}-00` };
}
