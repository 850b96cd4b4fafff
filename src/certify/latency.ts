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
