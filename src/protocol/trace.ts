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

/**
 * Passes the caller's trace on if its `traceparent` is valid, and starts one otherwise, out of the 48 random hex digits
 * that `random` gives.
 */
export function continueTrace(header: string | null, state: string | null, random: () => string): Trace {
  const [, passedOn, traceId] = (header === null ? null : TRACEPARENT.exec(header)) ?? [];
  if (passedOn !== undefined && traceId !== undefined) {
    const traceparent = `00-${passedOn}`;
    return state !== null && TRACESTATE.test(state)
      ? { traceId, traceparent, tracestate: state }
      : { traceId, traceparent };
  }
  const digits = random();
  const fresh = digits.slice(0, 32);
  return { traceId: fresh, traceparent: `00-${fresh}-${digits.slice(32)}-00` };
}
