import { clockSkewSeconds } from "../protocol/timestamp.ts";
import type { Outcome } from "../protocol/status.ts";
import type { Service } from "./service.ts";

/** The outcome of a verified call whose clock is too far from ours; `undefined` if it is not, or nobody minds. */
export function staleness(timestamp: number, { maxClockSkewSeconds, metrics }: Service): Outcome | undefined {
  if (maxClockSkewSeconds === undefined && metrics === undefined) return undefined;
  const skewSeconds = clockSkewSeconds(timestamp, Date.now());
  metrics?.skewed(skewSeconds);
  if (maxClockSkewSeconds === undefined || Math.abs(skewSeconds) <= maxClockSkewSeconds) return undefined;
  return { reason: "stale_timestamp", detail: `the timestamp is ${skewSeconds.toFixed(3)} s from now` };
}
