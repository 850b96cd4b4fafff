import { expect, test } from "bun:test";
import { rememberFailing } from "../../src/admin/failing.ts";
import { type AnsweredCall, openRecorder } from "../../src/observe/recorder.ts";
import { record } from "../observe/recorded.ts";

const MINUTE_MS = 60_000;
const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

function call(minutesAgo: number, reason: AnsweredCall["reason"], more: Partial<AnsweredCall> = {}) {
  return {
    time_ms: NOW_MS - minutesAgo * MINUTE_MS,
    endpoint: "balance",
    reason,
    status_code: "OK",
    duration_ms: 1,
    player_id: "12042",
    ...more,
  } satisfies AnsweredCall;
}

function recordingOf(calls: readonly AnsweredCall[]) {
  const recorder = openRecorder({ maxFailedBodies: 0, hasSiblings: false });
  for (const each of calls) record(recorder, each);
  return recorder.take(true);
}

/** Calls of which each is told by itself, as those of different seconds are. */
function after(...calls: readonly AnsweredCall[]) {
  const recorder = openRecorder({ maxFailedBodies: 0, hasSiblings: false });
  const failing = rememberFailing();
  for (const each of calls) {
    record(recorder, each);
    failing.add([recorder.take(true)]);
    recorder.follow(failing.followed());
  }
  return failing.shown(NOW_MS);
}

test("whose calls fail, since when, how often and why; nothing of who is answered", () => {
  const [failed, ...more] = after(
    call(9, "ok"),
    call(8, "source_failed", { detail: "the first" }),
    call(7, "ok", { player_id: "12001" }),
    call(2, "source_failed", { detail: "the latest" }),
  );
  expect(more).toEqual([]);
  expect(failed).toMatchObject({ reason: "source_failed", calls: 2, failing_now: 1 });
  expect(failed?.runs).toEqual([
    {
      endpoint: "balance",
      player_id: "12042",
      remote: null,
      calls: 2,
      since_ms: NOW_MS - 8 * MINUTE_MS,
      latest_ms: NOW_MS - 2 * MINUTE_MS,
      answered_ms: null,
      is_over: false,
      detail: "the latest",
    },
  ]);
});

test("an answer ends a player's run, and the next failure begins another", () => {
  const calls = [call(8, "source_timeout"), call(7, "source_timeout"), call(6, "ok"), call(5, "ok")];
  expect(after(...calls)[0]).toMatchObject({
    failing_now: 0,
    runs: [{ calls: 2, is_over: true, answered_ms: NOW_MS - 6 * MINUTE_MS }],
  });
  expect(after(...calls, call(4, "source_timeout"))[0]).toMatchObject({
    failing_now: 1,
    runs: [{ calls: 1, is_over: false, answered_ms: null, since_ms: NOW_MS - 4 * MINUTE_MS }],
  });
});

test("a bet that is answered says nothing of the balance, nor one player of another", () => {
  const [failed] = after(
    call(8, "source_failed"),
    call(7, "ok", { endpoint: "bet" }),
    call(7, "ok", { player_id: "1204" }),
  );
  expect(failed?.failing_now).toBe(1);
});

test("a player who calls once in an hour, and fails each time, has failed since the first time", () => {
  const [failed] = after(call(125, "source_failed"), call(65, "source_failed"), call(5, "source_failed"));
  const sinceMs = NOW_MS - 125 * MINUTE_MS;
  expect(failed?.runs).toMatchObject([{ calls: 3, since_ms: sinceMs, is_over: false }]);
});

// Since then, and so many since then: both are of the same stretch.
test("a reason's calls are those since it began, for whoever began it", () => {
  const calls = [
    call(130, "source_failed", { player_id: "12001" }),
    call(129, "ok", { player_id: "12001" }),
    call(125, "source_failed"),
    call(120, "source_failed", { player_id: "12001" }),
    call(119, "ok", { player_id: "12001" }),
    call(65, "source_failed"),
    call(5, "source_failed"),
  ];
  expect(after(...calls)[0]).toMatchObject({ since_ms: NOW_MS - 125 * MINUTE_MS, calls: 4, failing_now: 1 });
  // After them a break counts.
  expect(after(...calls, call(4, "ok"))[0]).toMatchObject({ since_ms: NOW_MS - 5 * MINUTE_MS, calls: 1 });
});

// A forwarded call may have no player, and who is not logged has no caller.
test("a caller's run is ended by nobody's answer", () => {
  const unsigned = { player_id: undefined, remote: undefined };
  const [failed] = after(call(8, "bad_signature", unsigned), call(7, "ok", unsigned));
  expect(failed).toMatchObject({ failing_now: 1, runs: [{ is_over: false, answered_ms: null }] });
});

test("a call without a player is its caller's, and silence ends it", () => {
  const unsigned = { player_id: undefined, remote: "203.0.113.5" };
  const [failed] = after(call(40, "bad_signature", unsigned), call(20, "bad_signature", unsigned));
  expect(failed).toMatchObject({
    failing_now: 0,
    calls: 1,
    runs: [{ player_id: null, remote: "203.0.113.5", calls: 1, is_over: true }],
  });
});

test("what is likeliest to be ours to mend comes first, whatever failed first", () => {
  const reasons = after(
    call(3, "player_not_found"),
    call(2, "bad_signature", { player_id: undefined }),
    call(1, "source_failed"),
  ).map(({ reason }) => reason);
  expect(reasons).toEqual(["source_failed", "bad_signature", "player_not_found"]);
});

// Anybody can send what is not signed, and Klas Gaming any player's id.
test("a flood of others pushes nobody out who fails for another reason, and takes no memory", () => {
  const failing = rememberFailing();
  failing.add([recordingOf([call(9, "source_failed")])]);
  for (let chunk = 0; chunk < 50_000; chunk += 250) {
    const flood = Array.from({ length: 250 }, (_, index) => [
      call(1, "player_not_found", { player_id: `made-up-${chunk + index}`, detail: "x".repeat(4000) }),
      call(1, "bad_signature", { player_id: undefined, remote: `2001:db8::${(chunk + index).toString(16)}` }),
    ]);
    failing.add([recordingOf(flood.flat())]);
  }
  failing.add([recordingOf([call(0, "player_not_found", { player_id: "made-up-49999" })])]);
  const shown = failing.shown(NOW_MS);
  expect(shown.map(({ reason, failing_now, calls }) => [reason, failing_now, calls])).toEqual([
    ["source_failed", 1, 1],
    ["bad_signature", 100, 50_000],
    ["player_not_found", 100, 50_001],
  ]);
  // Who failed most often is told first.
  expect(shown[2]?.runs[0]).toMatchObject({ player_id: "made-up-49999", calls: 2 });
  expect(JSON.stringify(shown).length).toBeLessThan(20_000);
});
