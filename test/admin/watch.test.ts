import { afterEach, expect, setSystemTime, test } from "bun:test";
import { type Watch, watchServer } from "../../src/admin/watch.ts";
import type { FailingPlayer } from "../../src/observe/outcomes.ts";
import { openRecorder } from "../../src/observe/recorder.ts";
import type { WorkerNews } from "../../src/server/server.ts";
import { record } from "../observe/recorded.ts";

let watch: Watch | undefined;
afterEach(() => {
  watch?.stop();
  setSystemTime();
});

/** Two workers, which can be told to be silent, or down. */
function open() {
  const states = ["speaks", "speaks"];
  const recorders = states.map(() => openRecorder({ maxFailedBodies: 0, hasSiblings: true }));
  const followed: (readonly FailingPlayer[])[] = [];
  watch = watchServer(
    () => ({
      news: (withCalls) =>
        Promise.resolve(
          recorders.map((recorder, index): WorkerNews => {
            const isSilent = states[index] !== "speaks" && states[index] !== "speaks late";
            const news = { recording: recorder.take(withCalls), inFlight: 0, source: {} };
            const isUp = states[index] !== "down";
            return {
              number: index + 1,
              pid: 100 + index,
              isUp,
              failures: 0,
              news: isSilent ? undefined : news,
              isLate: states[index] === "speaks late",
            };
          }),
        ),
      follow(players) {
        followed.push(players);
        for (const recorder of recorders) recorder.follow(players);
      },
    }),
    0,
  );
  return { watch, states, recorders, followed };
}

// The charts end at what is known. A step of which one worker's calls are missing would look like a drop.
test("while a worker is silent no more is known, until it speaks again or is given up", async () => {
  const { watch: opened, states } = open();
  await opened.refresh();
  const knownMs = opened.knownUntilMs;
  states[1] = "is silent";
  await Bun.sleep(5);
  await opened.refresh();
  expect(opened.knownUntilMs).toBe(knownMs);
  // It answers what it was asked before: since then it may have answered more calls.
  states[1] = "speaks late";
  await opened.refresh();
  expect(opened.knownUntilMs).toBe(knownMs);
  states[1] = "speaks";
  await opened.refresh();
  expect(opened.knownUntilMs).toBeGreaterThan(knownMs);
  const againMs = opened.knownUntilMs;
  states[1] = "down";
  await Bun.sleep(5);
  await opened.refresh();
  expect(opened.knownUntilMs).toBeGreaterThan(againMs);
});

test("every worker is told who fails, once as long as it is the same", async () => {
  const { watch: opened, recorders, followed } = open();
  const [first] = recorders;
  if (first === undefined) throw new Error("there are two");
  await opened.refresh();
  expect(followed).toEqual([]);
  record(first, {
    time_ms: 1000,
    endpoint: "balance",
    reason: "source_failed",
    status_code: "ERR_UNKNOWN",
    duration_ms: 1,
    player_id: "12042",
  });
  await opened.refresh();
  await opened.refresh();
  expect(followed).toEqual([[{ endpoint: "balance", player_id: "12042", latest_ms: 1000 }]]);
});

test("a refresh brings the calls, also if one that does not is under way", async () => {
  const { watch: opened, recorders } = open();
  await opened.refresh();
  for (let round = 1; round <= 30; round += 1) {
    for (const recorder of recorders) {
      record(recorder, {
        time_ms: round,
        endpoint: "balance",
        reason: "ok",
        status_code: "OK",
        duration_ms: 1,
        player_id: "12001",
      });
    }
    await Promise.all([opened.refresh(), opened.refresh()]);
    expect(opened.calls.newest).toBe(2 * round);
  }
});

// Else the secret that a rotation waits for would look as if somebody else used it.
test("a call that is tried is no use of its secret, and others at the same time are", async () => {
  const { watch: opened, recorders } = open();
  const [first, second] = recorders;
  await opened.tryCall("new", async () => {
    first?.secretUsed("new", 1000);
    await opened.refresh();
  });
  expect(opened.usesOf("new")).toBeUndefined();
  await opened.tryCall("new", async () => {
    first?.secretUsed("new", 2000);
    second?.secretUsed("new", 3000);
    second?.secretUsed("old", 3000);
    await Promise.resolve();
  });
  expect(opened.usesOf("new")).toMatchObject({ uses: 1, last_used_ms: 3000 });
  expect(opened.usesOf("old")).toMatchObject({ uses: 1 });
});

test("what follows a tried call that came to nothing counts", async () => {
  const { watch: opened, recorders } = open();
  const tried = opened.tryCall("new", () => Promise.reject(new Error("no answer")));
  expect(await tried.catch(String)).toBe("Error: no answer");
  recorders[0]?.secretUsed("new", 1000);
  await opened.refresh();
  expect(opened.usesOf("new")).toMatchObject({ uses: 1 });
});

test("a clock that is set back does not hide what comes after it", async () => {
  const { watch: opened, recorders } = open();
  const [recorder] = recorders;
  if (recorder === undefined) throw new Error("there are two");
  const rightMs = Date.now();
  const answer = (reason: "ok" | "source_failed") => {
    const call = { endpoint: "balance", status_code: "OK", duration_ms: 1, player_id: "12042" };
    record(recorder, { ...call, time_ms: Date.now(), reason });
  };
  // Two hours and a quarter of one ahead, so that the same places of the ring are in use.
  setSystemTime(rightMs + 135 * 60_000);
  answer("source_failed");
  await opened.refresh();
  expect(opened.failing.shown(Date.now())).toHaveLength(1);
  setSystemTime(rightMs);
  await opened.refresh();
  expect(opened.failing.shown(rightMs)).toEqual([]);
  answer("ok");
  await opened.refresh();
  expect(opened.timeline.latest(60, rightMs)).toMatchObject({ calls: 1, ok: 1 });
  expect(opened.timeline.latestCallMs).toBeLessThanOrEqual(rightMs);
});
