import { expect, test } from "bun:test";
import { rememberFailing } from "../../src/admin/failing.ts";
import { type AnsweredCall, openRecorder, type Recorder } from "../../src/observe/recorder.ts";
import type { Reason } from "../../src/protocol/status.ts";
import { record } from "./recorded.ts";

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

const open = (more: { hasSiblings?: boolean; maxFailedBodies?: number } = {}) =>
  openRecorder({ hasSiblings: false, maxFailedBodies: 2, ...more });

function call(timeMs: number, reason: Reason, more: Partial<AnsweredCall> = {}): AnsweredCall {
  return {
    time_ms: NOW_MS + timeMs,
    endpoint: "balance",
    reason,
    status_code: "CODE",
    duration_ms: 1,
    player_id: "12042",
    ...more,
  };
}

/** Answers as many calls, so many per millisecond. */
function answer(
  recorder: Recorder,
  count: number,
  reason: Reason,
  perMs = 1,
  more: Partial<AnsweredCall> = {},
): void {
  for (let index = 0; index < count; index += 1)
    record(recorder, call(Math.floor(index / perMs), reason, more));
}

const sum = (seconds: readonly { readonly counts: Readonly<Record<string, number>> }[], reason: Reason) =>
  seconds.reduce((total, { counts }) => total + (counts[reason] ?? 0), 0);

test("each call is counted, and handed over once", () => {
  const recorder = open();
  answer(recorder, 300, "ok");
  answer(recorder, 20, "source_timeout");
  const { calls, seconds, left_out } = recorder.take(true);
  expect([calls.length, left_out, sum(seconds, "ok"), sum(seconds, "source_timeout")]).toEqual([
    320, 0, 300, 20,
  ]);
  expect(seconds.flatMap(({ latencies }) => latencies).reduce((total, [, count]) => total + count, 0)).toBe(
    320,
  );
  expect(recorder.take(true)).toEqual({
    seconds: [],
    calls: [],
    left_out: 0,
    outcomes: [],
    failedBodies: [],
    secretUses: [],
  });
});

test("calls wait until somebody asks for them, a thousand at most; how many are left out is told", () => {
  const recorder = open();
  answer(recorder, 5000, "ok", 10);
  const before = recorder.take(false);
  expect([before.calls.length, before.left_out, sum(before.seconds, "ok")]).toEqual([0, 0, 5000]);
  answer(recorder, 2500, "source_failed", 10);
  const { calls, left_out, seconds } = recorder.take(true);
  expect([calls.length, left_out, sum(seconds, "source_failed")]).toEqual([1000, 6500, 2500]);
  expect(calls.at(-1)).toMatchObject({ reason: "source_failed", time_ms: NOW_MS + 249 });
});

test("of answered calls no more are kept than can be read, but always some of the latest", () => {
  const recorder = open();
  answer(recorder, 40_000, "ok", 20);
  const { calls } = recorder.take(true);
  expect(calls.length).toBe(1000);
  expect(calls.at(-1)?.time_ms).toBe(NOW_MS + 1999);
  expect(calls[0]?.time_ms).toBeGreaterThan(NOW_MS + 900);
});

test("a clock that is set back stops nothing", () => {
  const recorder = open();
  answer(recorder, 5000, "ok", 10);
  recorder.take(true);
  for (let index = 0; index < 50; index += 1) record(recorder, call(-3_600_000 + index, "ok"));
  expect(recorder.take(true).calls).toHaveLength(50);
});

test("a failed call, and the first that is answered after it, are kept among however many others", () => {
  const recorder = open();
  answer(recorder, 5000, "ok", 1000, { player_id: "12001" });
  record(recorder, call(4, "source_failed"));
  for (let index = 0; index < 300; index += 1) record(recorder, call(4, "ok", { player_id: "12001" }));
  record(recorder, call(4, "ok"));
  record(recorder, call(4, "ok"));
  expect(recorder.take(true).calls.slice(-2)).toMatchObject([
    { reason: "source_failed", player_id: "12042" },
    { reason: "ok", player_id: "12042" },
  ]);
});

/** What the console says after some seconds, in each of which some recorders recorded something. */
function watch(recorders: readonly Recorder[]) {
  const failing = rememberFailing();
  return {
    /** What the supervisor does each second. */
    second() {
      failing.add(recorders.map((recorder) => recorder.take(false)));
      for (const recorder of recorders) recorder.follow(failing.followed());
    },
    shown: () => failing.shown(NOW_MS + 60_000),
  };
}

test("more failures in a second than calls are kept are counted all, in all and for each", () => {
  const recorder = open();
  const console = watch([recorder]);
  answer(recorder, 5000, "bad_signature", 10, { player_id: undefined, remote: "203.0.113.5" });
  answer(recorder, 2400, "source_timeout", 10);
  console.second();
  expect(console.shown()).toMatchObject([
    { reason: "source_timeout", calls: 2400, failing_now: 1, runs: [{ player_id: "12042", calls: 2400 }] },
    {
      reason: "bad_signature",
      calls: 5000,
      runs: [{ remote: "203.0.113.5", calls: 5000, since_ms: NOW_MS }],
    },
  ]);
});

test("so are those of more players than are told of", () => {
  const recorder = open();
  const console = watch([recorder]);
  for (let index = 0; index < 3000; index += 1) {
    record(recorder, call(index / 10, "player_not_found", { player_id: `made-up-${index}` }));
  }
  console.second();
  expect(console.shown()).toMatchObject([{ reason: "player_not_found", calls: 3000, failing_now: 100 }]);
});

/** Both answer more than is kept, so that of answered calls nothing is told by itself. */
function two(): readonly [Recorder, Recorder] {
  const both = [open({ hasSiblings: true }), open({ hasSiblings: true })] as const;
  for (const recorder of both) answer(recorder, 3000, "ok", 1000, { player_id: "12001" });
  return both;
}

test("a player who failed in one process is answered again by another, which was told", () => {
  const [one, other] = two();
  const console = watch([one, other]);
  record(one, call(10, "source_timeout"));
  console.second();
  expect(console.shown()).toMatchObject([{ failing_now: 1, runs: [{ is_over: false, answered_ms: null }] }]);
  answer(other, 3000, "ok", 1000, { player_id: "12001" });
  record(other, call(1500, "ok"));
  console.second();
  const answered_ms = NOW_MS + 1500;
  expect(console.shown()).toMatchObject([
    { failing_now: 0, runs: [{ calls: 1, is_over: true, answered_ms }] },
  ]);
});

// A retry comes at once, and often over another connection.
test("so is one whom the other answered before it was told", () => {
  const [one, other] = two();
  const console = watch([one, other]);
  record(other, call(9, "ok"));
  record(one, call(10, "source_timeout"));
  record(other, call(11, "ok", { endpoint: "bet" }));
  record(other, call(12, "ok"));
  record(other, call(13, "ok"));
  console.second();
  expect(console.shown()).toMatchObject([{ failing_now: 1 }]);
  console.second();
  expect(console.shown()).toMatchObject([{ failing_now: 0, runs: [{ answered_ms: NOW_MS + 12 }] }]);
});

test("an answer by another process before a failure, or at another endpoint, ends nothing", () => {
  const [one, other] = two();
  const console = watch([one, other]);
  record(other, call(9, "ok"));
  record(one, call(10, "source_timeout"));
  record(other, call(12, "ok", { endpoint: "bet" }));
  console.second();
  record(other, call(1012, "ok", { endpoint: "bet" }));
  console.second();
  expect(console.shown()).toMatchObject([{ failing_now: 1, runs: [{ is_over: false }] }]);
  // And the balance's own answer still does.
  record(other, call(2012, "ok"));
  console.second();
  expect(console.shown()).toMatchObject([{ failing_now: 0 }]);
});

test("who fails in one process and is answered by the other by turns fails as long as the latest call did", () => {
  const [one, other] = two();
  const console = watch([one, other]);
  record(one, call(10, "source_timeout"));
  console.second();
  record(other, call(1100, "ok"));
  record(one, call(1200, "source_timeout"));
  console.second();
  expect(console.shown()).toMatchObject([{ failing_now: 1, runs: [{ calls: 1, since_ms: NOW_MS + 1200 }] }]);
});

test("a flood of made-up players does not make a process forget whom to look for", () => {
  const recorder = open();
  const console = watch([recorder]);
  record(recorder, call(0, "source_failed"));
  for (let second = 1; second < 10; second += 1) {
    for (let index = 0; index < 5000; index += 1) {
      const player_id = `made-up-${second}-${index}`;
      record(recorder, call(second * 1000, "player_not_found", { player_id }));
    }
    console.second();
  }
  record(recorder, call(10_000, "ok"));
  console.second();
  expect(console.shown()[0]).toMatchObject({ reason: "source_failed", failing_now: 0 });
});

test("what failed and was answered by turns is bounded, and ends with the answer all the same", () => {
  const recorder = open();
  const console = watch([recorder]);
  for (let index = 0; index < 20_000; index += 1) {
    const player_id = String(index % 7);
    record(recorder, call(index / 100, "source_timeout", { player_id }));
    record(recorder, call(index / 100, "ok", { player_id }));
  }
  const taken = recorder.take(false);
  expect(taken.outcomes.length).toBeLessThanOrEqual(2000);
  console.second();
  for (let player = 0; player < 7; player += 1)
    record(recorder, call(900, "ok", { player_id: String(player) }));
  expect(recorder.take(false).outcomes.map(({ reason, player_id }) => [reason, player_id])).toEqual(
    Array.from({ length: 7 }, (_, player) => ["ok", String(player)]),
  );
});

test("each secret's uses are counted, and dated by the latest call", () => {
  const recorder = open();
  recorder.secretUsed("old", NOW_MS + 5);
  recorder.secretUsed("new", NOW_MS + 7);
  recorder.secretUsed("new", NOW_MS + 9);
  expect(recorder.take(false).secretUses).toEqual([
    { id: "old", uses: 1, last_used_ms: NOW_MS + 5 },
    { id: "new", uses: 2, last_used_ms: NOW_MS + 9 },
  ]);
  recorder.secretUsed("old", NOW_MS + 11);
  expect(recorder.take(false).secretUses).toEqual([{ id: "old", uses: 1, last_used_ms: NOW_MS + 11 }]);
});

test.each([0, 2])("of failed bodies it keeps %d, and none that is huge", (limit) => {
  const recorder = open({ maxFailedBodies: limit });
  for (const length of [1, 2, 3, 70_000]) {
    recorder.signatureFailed({
      time_ms: 0,
      endpoint: "balance",
      remote: "127.0.0.1",
      problem: "wrong",
      signature: null,
      body: new Uint8Array(length),
    });
  }
  expect(recorder.take(false).failedBodies.map(({ body }) => body.length)).toEqual(
    [1, 2, 3].slice(3 - limit),
  );
});
