/**
 * W3C Trace Context, level 1: version, trace-id, parent-id, flags. More may follow in a version after 00.
 * Of the flags, the last bit alone is defined: sampled.
 */
const TRACEPARENT =
  /^(?!ff)(?:00(?=.{53}$)|(?!00)[0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]([0-9a-f])(?=-|$)/;

export interface Trace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** The header to pass on: the caller's trace with a span of our own as the parent. */
  readonly traceparent: string;
}

/** Continues the caller's trace where its `traceparent` is valid, and starts one otherwise. */
export function continueTrace(header: string | null, random: () => string): Trace {
  const match = header === null ? null : TRACEPARENT.exec(header);
  const traceId = match?.[1] ?? random();
  const spanId = random().slice(16);
  const isSampled = /[13579bdf]/.test(match?.[2] ?? "");
  return { traceId, traceparent: `00-${traceId}-${spanId}-${isSampled ? "01" : "00"}` };
}
