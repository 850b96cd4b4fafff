import { expect, test } from "bun:test";
import { failingAlike } from "../../src/admin/failing-alike.ts";
import { openTimeline } from "../../src/admin/timeline.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** Calls by reason: some that long ago, in minutes, and some within the last three minutes. */
function after(before: Record<string, number>, recent: Record<string, number>, minutesAgo = 30) {
  const timeline = openTimeline();
  const second = Math.floor(NOW_MS / 1000);
  timeline.add({ second: second - minutesAgo * 60, counts: before, latencies: [] });
  timeline.add({ second: second - 20, counts: recent, latencies: [] });
  return failingAlike(timeline, NOW_MS);
}

test.each([
  [
    "nobody is known any more",
    { ok: 90, player_not_found: 10 },
    { player_not_found: 98, ok: 2 },
    "98 % of the 100 calls of the last 3 minutes ended in player_not_found; before it was 10 %",
  ],
  [
    "the core fails, and did not",
    { ok: 40 },
    { source_failed: 30, bad_signature: 500 },
    "100 % of the 30 calls of the last 3 minutes ended in source_failed; before it was 0 %",
  ],
  [
    "nobody was known from the start",
    {},
    { player_not_found: 20 },
    "100 % of the 20 calls of the last 3 minutes ended in player_not_found; there were hardly any before",
  ],
])("%s: a warning", (_what, before, recent, warning) => {
  expect(after(before, recent)?.warning).toBe(warning);
});

test.each([
  ["too few calls", { ok: 100 }, { player_not_found: 19 }],
  ["some are answered", { ok: 100 }, { player_not_found: 94, ok: 6 }],
  ["it was no better before", { player_not_found: 60, ok: 40 }, { player_not_found: 100 }],
  ["they are turned away before anybody is asked", { ok: 100 }, { bad_signature: 100, invalid_body: 100 }],
  ["all is well", { source_failed: 100 }, { ok: 100 }],
])("%s: no warning", (_what, before, recent) => {
  expect(after(before, recent)).toBeUndefined();
});

test("what lasts is warned of for hours, not only until it is the usual of the last minutes", () => {
  const timeline = openTimeline();
  const second = Math.floor(NOW_MS / 1000);
  for (let minute = 600; minute >= 0; minute -= 1) {
    const reason = minute > 240 ? "ok" : "source_timeout";
    timeline.add({ second: second - minute * 60, counts: { [reason]: 60 }, latencies: [] });
  }
  expect(failingAlike(timeline, NOW_MS)?.reason).toBe("source_timeout");
});
