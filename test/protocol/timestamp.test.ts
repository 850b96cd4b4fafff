import { expect, test } from "bun:test";
import { clockSkewSeconds } from "../../src/protocol/timestamp.ts";

test.each([
  [1_710_000_000, 1_710_000_000_000, 0],
  [1_710_000_000_000, 1_710_000_000_000, 0],
  [1_710_000_300, 1_710_000_000_000, 300],
  [1_709_999_999.5, 1_710_000_000_000, -0.5],
  [99_999_999_999, 0, 99_999_999_999],
  [1e11, 0, 1e8],
])("%p at %p ms is %p seconds off", (timestamp, nowMs, skew) => {
  expect(clockSkewSeconds(timestamp, nowMs)).toBe(skew);
});
