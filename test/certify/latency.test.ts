import { expect, test } from "bun:test";
import { isDelayedByAcknowledgements, latencyOf } from "../../src/certify/latency.ts";

test("percentiles are durations that were measured, by nearest rank", () => {
  const durationsMs = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(latencyOf(durationsMs)).toEqual({ samples: 200, p50Ms: 100, p90Ms: 180, p99Ms: 198, maxMs: 200 });
  expect(latencyOf([7])).toEqual({ samples: 1, p50Ms: 7, p90Ms: 7, p99Ms: 7, maxMs: 7 });
  expect(latencyOf([])).toBeUndefined();
});

test.each([
  ["a steady 40 ms", [43.9, 44, 44.1, 44.4], true],
  ["40 ms now and then", [1, 2, 44, 120], false],
  ["80 ms", [80, 80, 80, 80], false],
  ["1 ms", [1, 1, 1, 1], false],
])("%s: delayed acknowledgements?", (_, durationsMs, expected) => {
  const latency = latencyOf(durationsMs);
  expect(latency !== undefined && isDelayedByAcknowledgements(latency)).toBe(expected);
});
