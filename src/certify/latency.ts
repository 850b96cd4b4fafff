/** How long good calls took on an open connection, in milliseconds. */
export interface Latency {
  readonly samples: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Percentiles by nearest rank; `undefined` of nothing. */
export function latencyOf(durationsMs: readonly number[]): Latency | undefined {
  if (durationsMs.length === 0) return undefined;
  const sorted = durationsMs.toSorted((a, b) => a - b);
  const percentile = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return {
    samples: sorted.length,
    p50Ms: percentile(0.5),
    p90Ms: percentile(0.9),
    p99Ms: percentile(0.99),
    maxMs: percentile(1),
  };
}

/** How long systems hold an acknowledgement back: 40 ms on Linux, and more on a busy machine. */
const DELAYED_MS = { least: 39, most: 49, mostOfTenth: 60 };

/**
 * Whether the times are those of an endpoint that writes head and body in two pieces: the second one waits for the
 * acknowledgement of the first (RFC 896, Nagle), which is held back so that it can travel with other data.
 */
export function isDelayedByAcknowledgements({ p50Ms, p90Ms }: Latency): boolean {
  return p50Ms >= DELAYED_MS.least && p50Ms <= DELAYED_MS.most && p90Ms <= DELAYED_MS.mostOfTenth;
}
