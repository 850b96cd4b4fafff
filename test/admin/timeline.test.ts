import { expect, test } from "bun:test";
import { keepLatest } from "../../src/admin/recent.ts";
import { openTimeline } from "../../src/admin/timeline.ts";
import { latencyBucket, percentileMs } from "../../src/observe/latency-buckets.ts";

const NOW_SECOND = 1_800_000_060;

function second(at: number, counts: Record<string, number>, durationMs = 1) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { second: at, counts, latencies: [[latencyBucket(durationMs), total]] as const };
}

test("seconds of several workers add up, in seconds and in minutes", () => {
  const timeline = openTimeline();
  timeline.add(second(NOW_SECOND - 1, { ok: 3 }));
  timeline.add(second(NOW_SECOND - 1, { ok: 2, bad_signature: 1 }));
  timeline.add(second(NOW_SECOND - 70, { ok: 10 }));

  const seconds = timeline.series("second", NOW_SECOND * 1000);
  expect(seconds.end).toBe(NOW_SECOND);
  expect(seconds.counts["ok"]).toHaveLength(900);
  expect(seconds.counts["ok"]?.at(-1)).toBe(5);
  expect(seconds.counts["bad_signature"]?.at(-1)).toBe(1);
  expect(seconds.counts["ok"]?.at(-70)).toBe(10);

  const minutes = timeline.series("minute", NOW_SECOND * 1000);
  expect(minutes.counts["ok"]?.slice(-2)).toEqual([10, 5]);
  expect(minutes.counts["ok"]).toHaveLength(1440);
});

test("what is older than a quarter of an hour makes room, and a late report does not push out what is younger", () => {
  const timeline = openTimeline();
  timeline.add(second(NOW_SECOND - 900, { ok: 1 }));
  timeline.add(second(NOW_SECOND, { ok: 2 }));
  timeline.add(second(NOW_SECOND - 900, { ok: 7 }));
  const { counts } = timeline.series("second", (NOW_SECOND + 1) * 1000);
  expect(counts["ok"]?.reduce((sum, count) => sum + count, 0)).toBe(2);
});

test("a second without a call has no latency", () => {
  const timeline = openTimeline();
  timeline.add(second(NOW_SECOND - 2, { ok: 1 }, 5));
  const { p50_ms: p50, p99_ms: p99 } = timeline.series("second", NOW_SECOND * 1000);
  expect([p50.at(-1), p99.at(-1)]).toEqual([null, null]);
  expect(p50.at(-2)).toBeWithin(4.5, 5.5);
});

test.each([0.02, 0.5, 1, 7, 99, 1234, 60_000])(
  "a percentile of %d ms is within a tenth of it",
  (durationMs) => {
    const counts = Array.from({ length: 84 }, () => 0);
    counts[latencyBucket(durationMs)] = 10;
    for (const share of [0.5, 0.99]) {
      expect(percentileMs(counts, share)).toBeWithin(durationMs * 0.9, durationMs * 1.11);
    }
  },
);

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e9])("%p ms is counted somewhere", (durationMs) => {
  expect(latencyBucket(durationMs)).toBeWithin(0, 84);
});

test("what was kept is numbered through, and asked for from a number on", () => {
  const latest = keepLatest<{ name: string }>(3);
  expect(latest.after(0)).toEqual([]);
  latest.add([{ name: "a" }, { name: "b" }]);
  latest.add([{ name: "c" }, { name: "d" }]);
  expect(latest.newest).toBe(4);
  expect(latest.after(0).map(({ name }) => name)).toEqual(["b", "c", "d"]);
  expect(latest.after(3)).toEqual([{ name: "d", number: 4 }]);
  expect(latest.after(4)).toEqual([]);
  expect(latest.after(99)).toEqual([]);
  expect(latest.find(2)).toEqual({ name: "b", number: 2 });
  expect(latest.find(1)).toBeUndefined();
});

test("the last minute ends with the second under way, and how long no call came is told", () => {
  const timeline = openTimeline();
  expect([timeline.latest(60, 100_000), timeline.latestCallMs]).toEqual([
    { calls: 0, ok: 0, p50_ms: null, p99_ms: null },
    null,
  ]);
  for (const at of [39, 40, 41, 100]) timeline.add(second(at, { ok: 2, refused: 1 }));
  // A worker that reports late does not set the clock back.
  timeline.add(second(41, { ok: 1 }));
  const { p50_ms, p99_ms, ...counts } = timeline.latest(60, 100_500);
  expect(counts).toEqual({ calls: 7, ok: 5 });
  expect(p50_ms).toBe(p99_ms);
  expect(p99_ms).toBeWithin(0.9, 1.2);
  expect(timeline.latestCallMs).toBe(100_000);
});

test("percentiles that were read once follow what a worker tells later", () => {
  const timeline = openTimeline();
  const latest = () => timeline.series("second", 101_000).p50_ms.at(-1) ?? 0;
  timeline.add(second(100, { ok: 1 }, 1));
  expect(latest()).toBeWithin(0.9, 1.2);
  timeline.add(second(100, { ok: 10 }, 50));
  expect(latest()).toBeWithin(45, 60);
});
