import { expect, setDefaultTimeout, test } from "bun:test";
import { openEvents } from "../../src/admin/events.ts";
import { keepLatest } from "../../src/admin/recent.ts";
import type { Status } from "../../src/admin/shapes.ts";
import type { AnsweredCall, FailedBody } from "../../src/observe/recorder.ts";

setDefaultTimeout(20_000);

const STATUS: Status = {
  time_ms: 0,
  version: "",
  revision: "",
  started_ms: 0,
  config_file: "",
  url: "",
  ready: true,
  not_ready: [],
  warnings: [],
  source: { name: "players", plugin: "static" },
  last_minute: { calls: 0, ok: 0, p50_ms: null, p99_ms: null },
  latest_call_ms: null,
  in_flight: 0,
  max_in_flight: 1,
  workers: [],
  failing: [],
  reload: null,
  secrets: [],
  capture_failed: 0,
  has_players: false,
};

function open(calls: readonly AnsweredCall[] = []) {
  const kept = keepLatest<AnsweredCall>(1000);
  kept.add(calls);
  return openEvents({
    refresh: () => Promise.resolve(),
    status: () => STATUS,
    calls: kept,
    leftOut: () => 0,
    failedBodies: keepLatest<FailedBody>(0),
  });
}

async function bytesOf(response: Response): Promise<number> {
  let bytes = 0;
  for await (const chunk of response.body ?? new ReadableStream<Uint8Array>()) bytes += chunk.length;
  return bytes;
}

// A page in a laptop that was closed, or a program that never reads: what it is owed waits in our memory.
test("a viewer that never reads is cut off, and what it was owed has a bound", async () => {
  const detail = "d".repeat(4500);
  const events = open(
    Array.from({ length: 1000 }, () => ({
      time_ms: 0,
      endpoint: "balance",
      reason: "source_failed" as const,
      status_code: "ERR_UNKNOWN",
      duration_ms: 1,
      detail,
    })),
  );
  const stalled = events.connect();
  await Bun.sleep(3500);
  const others = Array.from({ length: 16 }, () => events.connect());
  // Had it not been cut off, it would be one of the sixteen.
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 200));
  // It ends: to read on would wait for ever otherwise.
  expect(await bytesOf(stalled)).toBeWithin(4_500_000, 10_000_000);
  events.stop();
});

test("a seventeenth viewer is told so, and has a place as soon as one leaves", async () => {
  const events = open();
  const viewers = Array.from({ length: 16 }, () => events.connect());
  const refused = events.connect();
  expect([refused.status, await refused.json()]).toEqual([
    503,
    { problem: '16 pages are open already, "tail" counted: close one' },
  ]);
  await viewers[3]?.body?.cancel();
  expect(events.connect().status).toBe(200);
  events.stop();
});
