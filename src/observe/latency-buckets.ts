/**
 * Durations as counts in buckets of equal ratio, which add up over seconds, minutes and processes where percentiles do
 * not. Twelve buckets per power of ten keep a percentile within 10 % of the exact one.
 */

const FIRST_MS = 0.01;
const BUCKETS_PER_DECADE = 12;
const DECADES = 7;

/** The last bucket also takes everything longer than 100 s. */
export const LATENCY_BUCKETS = BUCKETS_PER_DECADE * DECADES;

/** The buckets of the usual durations, by the microsecond: a logarithm at each call would cost as much as the rest. */
const USUAL = Uint8Array.from({ length: 4096 }, (_, durationUs) => bucketOf(durationUs / 1000));

/** The bucket that a duration is counted in, to the microsecond. */
export function latencyBucket(durationMs: number): number {
  return USUAL[Math.round(durationMs * 1000)] ?? bucketOf(durationMs);
}

function bucketOf(durationMs: number): number {
  if (!(durationMs > FIRST_MS)) return 0;
  return Math.min(Math.floor(Math.log10(durationMs / FIRST_MS) * BUCKETS_PER_DECADE), LATENCY_BUCKETS - 1);
}

/** The duration, in milliseconds, below which `share` (0 to 1) of the counted ones lie; `null` if none was counted. */
export function percentileMs(counts: ArrayLike<number>, share: number): number | null {
  let total = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) total += counts[bucket] ?? 0;
  if (total === 0) return null;
  let seen = 0;
  for (let bucket = 0; bucket < counts.length; bucket += 1) {
    seen += counts[bucket] ?? 0;
    if (seen >= share * total) return middleMs(bucket);
  }
  return middleMs(counts.length - 1);
}

/** Rounded to three digits: more would pretend to a precision that a bucket does not have. */
function middleMs(bucket: number): number {
  return Number((FIRST_MS * 10 ** ((bucket + 0.5) / BUCKETS_PER_DECADE)).toPrecision(3));
}
