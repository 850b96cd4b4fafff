import { expect, test } from "bun:test";
import { latencyOf } from "../../src/certify/latency.ts";

test("percentiles are durations that were measured, by nearest rank", () => {
  const durationsMs = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(latencyOf(durationsMs)).toEqual({ samples: 200, p50Ms: 100, p90Ms: 180, p99Ms: 198, maxMs: 200 });
  expect(latencyOf([7])).toEqual({ samples: 1, p50Ms: 7, p90Ms: 7, p99Ms: 7, maxMs: 7 });
  expect(latencyOf([])).toBeUndefined();
});
