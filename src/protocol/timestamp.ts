/** From here on a timestamp is in milliseconds; as seconds it would be the year 5138 (spec 1.1). */
const FIRST_MILLISECONDS = 1e11;

/** How far the request's clock is from ours, in seconds; negative if it is behind. */
export function clockSkewSeconds(timestamp: number, nowMs: number): number {
  const timestampMs = timestamp >= FIRST_MILLISECONDS ? timestamp : timestamp * 1000;
  return (timestampMs - nowMs) / 1000;
}
