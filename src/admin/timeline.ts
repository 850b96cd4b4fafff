import { LATENCY_BUCKETS, percentileMs } from "../observe/latency-buckets.ts";
import type { SecondCounts } from "../observe/recorder.ts";
import type { Series } from "./shapes.ts";

/** Calls over time, summed over all workers, past and present: bounded, in memory. */
export interface Timeline {
  add(counts: SecondCounts): void;
  /** Forgets what lies ahead of a moment. */
  forgetAfter(nowMs: number): void;
  /** The whole of what is kept, up to now. */
  series(step: Step, nowMs: number): Series;
  /** Of the last seconds, as many as are asked for; the one under way is the last. */
  latest(seconds: number, nowMs: number): Stretch;
  /** When the second began that the latest call was in; `null` if there was none yet. */
  readonly latestCallMs: number | null;
}

/** What was answered in a stretch of time. */
export interface Stretch {
  readonly calls: number;
  /** With a balance, or as the core did. */
  readonly ok: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
}

/** How long each resolution is kept. */
const SPANS = {
  second: { stepSeconds: 1, slots: 15 * 60 },
  minute: { stepSeconds: 60, slots: 24 * 60 },
} as const;

export type Step = keyof typeof SPANS;

export function openTimeline(): Timeline {
  const rings = {
    second: ring(SPANS.second.slots),
    minute: ring(SPANS.minute.slots),
  };
  let latestSecond: number | undefined;
  return {
    add(counts) {
      latestSecond = Math.max(latestSecond ?? 0, counts.second);
      rings.second.add(counts.second, counts);
      rings.minute.add(Math.floor(counts.second / SPANS.minute.stepSeconds), counts);
    },
    forgetAfter(nowMs) {
      const nowSecond = Math.floor(nowMs / 1000);
      rings.second.forgetAfter(nowSecond);
      rings.minute.forgetAfter(Math.floor(nowSecond / SPANS.minute.stepSeconds));
      if (latestSecond !== undefined) latestSecond = Math.min(latestSecond, nowSecond);
    },
    series(step, nowMs) {
      const { stepSeconds } = SPANS[step];
      // The step under way is not complete: its counts would look like a drop.
      const end = Math.floor(nowMs / 1000 / stepSeconds);
      return { step_seconds: stepSeconds, ...rings[step].read(end) };
    },
    latest: (seconds, nowMs) => rings.second.sum(Math.floor(nowMs / 1000) + 1, seconds),
    get latestCallMs() {
      return latestSecond === undefined ? null : latestSecond * 1000;
    },
  };
}

interface Slot {
  /** Unix time in steps. */
  readonly at: number;
  readonly counts: Map<string, number>;
  readonly latencies: Uint32Array;
  /** Kept until further calls are added: all steps are read every second, and only the latest one changes. */
  percentiles: Percentiles | undefined;
}

type Percentiles = Readonly<Record<"p50" | "p95" | "p99", number | null>>;

function percentilesOf(slot: Slot): Percentiles {
  slot.percentiles ??= {
    p50: percentileMs(slot.latencies, 0.5),
    p95: percentileMs(slot.latencies, 0.95),
    p99: percentileMs(slot.latencies, 0.99),
  };
  return slot.percentiles;
}

function ring(length: number) {
  const slots: (Slot | undefined)[] = Array.from({ length });

  function slotAt(at: number): Slot | undefined {
    const index = at % length;
    const there = slots[index];
    if (there?.at === at) return there;
    // The report is too late: a newer step has taken the place.
    if (there !== undefined && there.at > at) return undefined;
    const slot: Slot = {
      at,
      counts: new Map(),
      latencies: new Uint32Array(LATENCY_BUCKETS),
      percentiles: undefined,
    };
    slots[index] = slot;
    return slot;
  }

  return {
    add(at: number, { counts, latencies }: SecondCounts): void {
      const slot = slotAt(at);
      if (slot === undefined) return;
      slot.percentiles = undefined;
      for (const [reason, count] of Object.entries(counts)) {
        slot.counts.set(reason, (slot.counts.get(reason) ?? 0) + count);
      }
      for (const [bucket, count] of latencies) slot.latencies[bucket] = (slot.latencies[bucket] ?? 0) + count;
    },
    forgetAfter(at: number): void {
      for (const [index, slot] of slots.entries())
        if (slot !== undefined && slot.at > at) slots[index] = undefined;
    },
    /** Of so many steps before `end`. */
    sum(end: number, steps: number): Stretch {
      const latencies = new Uint32Array(LATENCY_BUCKETS);
      let calls = 0;
      let ok = 0;
      for (let at = end - steps; at < end; at += 1) {
        const slot = slots[at % length];
        if (slot?.at !== at) continue;
        for (const count of slot.counts.values()) calls += count;
        ok += slot.counts.get("ok") ?? 0;
        for (const [bucket, count] of slot.latencies.entries())
          latencies[bucket] = (latencies[bucket] ?? 0) + count;
      }
      return { calls, ok, p50_ms: percentileMs(latencies, 0.5), p99_ms: percentileMs(latencies, 0.99) };
    },
    /** The steps before `end`. */
    read(end: number): Omit<Series, "step_seconds"> {
      const steps = Array.from({ length }, (_, index) => {
        const at = end - length + index;
        const slot = slots[at % length];
        return slot?.at === at ? slot : undefined;
      });
      const reasons = new Set(steps.flatMap((slot) => [...(slot?.counts.keys() ?? [])]));
      const percentiles = (which: keyof Percentiles) =>
        steps.map((slot) => (slot === undefined ? null : percentilesOf(slot)[which]));
      return {
        end,
        counts: Object.fromEntries(
          Array.from(reasons, (reason) => [reason, steps.map((slot) => slot?.counts.get(reason) ?? 0)]),
        ),
        p50_ms: percentiles("p50"),
        p95_ms: percentiles("p95"),
        p99_ms: percentiles("p99"),
      };
    },
  };
}
