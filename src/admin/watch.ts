import { type AnsweredCall, type FailedBody, MAX_CALLS, type SecretUses } from "../observe/recorder.ts";
import type { Server, WorkerNews } from "../server/server.ts";
import { type FailingRuns, rememberFailing } from "./failing.ts";
import { keepLatest, type Latest } from "./recent.ts";
import { openTimeline, type Timeline } from "./timeline.ts";

/** What is kept about the server and its workers, past and present. */
export interface Watch {
  readonly timeline: Timeline;
  readonly calls: Latest<AnsweredCall>;
  /** How many calls came too fast to be among them, since the start. */
  readonly leftOut: number;
  readonly failing: FailingRuns;
  readonly failedBodies: Latest<FailedBody>;
  /** As they were when last asked. */
  readonly workers: readonly WorkerNews[];
  /** Since the start, by the digest of the secret; without the calls that are tried. */
  usesOf(id: string): Pick<SecretUses, "uses" | "last_used_ms"> | undefined;
  /** Makes a call to this server, signed by the secret of this digest, that is not counted as a use of it. */
  tryCall<Result>(id: string, call: () => Promise<Result>): Promise<Result>;
  /** Every call before this moment is in the timeline. */
  readonly knownUntilMs: number;
  /** Asks the workers for all that is new. */
  refresh(): Promise<void>;
  stop(): void;
}

/** What a worker had not told when it died is lost, but no more than that of this long. */
const EVERY_MS = 1000;
/** While nobody looks, the calls themselves are fetched only every so many times: they are most of what is sent. */
const CALLS_EVERY = 10;

/** The wall clock is corrected by less than this without anybody noticing. */
const CLOCK_STEP_MS = 5000;

/** `maxFailedBodies` is `admin.capture_failed`. */
export function watchServer(
  server: () => Pick<Server, "news" | "follow"> | undefined,
  maxFailedBodies: number,
): Watch {
  const timeline = openTimeline();
  const calls = keepLatest<AnsweredCall>(MAX_CALLS);
  const failing = rememberFailing();
  const failedBodies = keepLatest<FailedBody>(maxFailedBodies);
  const uses = new Map<string, SecretUses>();
  /** Calls that are tried, and are not among the uses yet. */
  const tries = new Set<{ readonly id: string }>();
  let workers: readonly WorkerNews[] = [];
  let leftOut = 0;
  let asking: { readonly withCalls: boolean; readonly end: Promise<void> } | undefined;
  let asked = 0;
  let knownUntilMs = Date.now();
  let latestMs = knownUntilMs;
  let followed = "";

  /** After that the same moments come again; what was recorded of them would stand in the way of what is new. */
  function forgetIfClockWasSetBack(nowMs: number): void {
    if (nowMs < latestMs - CLOCK_STEP_MS) {
      timeline.forgetAfter(nowMs);
      failing.forget();
    }
    latestMs = nowMs;
  }

  async function ask(withCalls: boolean): Promise<void> {
    const askedMs = Date.now();
    forgetIfClockWasSetBack(askedMs);
    workers = (await server()?.news(withCalls)) ?? [];
    const recordings = workers.flatMap(({ news }) => news?.recording ?? []);
    for (const { seconds } of recordings) for (const second of seconds) timeline.add(second);
    calls.add(inOrder(recordings.flatMap((recording) => recording.calls)));
    leftOut += recordings.reduce((sum, { left_out: count }) => sum + count, 0);
    failing.add(recordings);
    failedBodies.add(inOrder(recordings.flatMap((recording) => recording.failedBodies)));
    // A worker that is up and silent has calls to tell of, until it does or is given up.
    if (!workers.some(({ isUp, news, isLate }) => isUp && (news === undefined || isLate)))
      knownUntilMs = askedMs;
    for (const use of recordings.flatMap(({ secretUses }) => secretUses)) addUse(use);
    follow();
  }

  /** A player who failed in one worker may be answered by another. */
  function follow(): void {
    const players = failing.followed();
    // One that is starting has a pid, and cannot be told yet.
    const state = JSON.stringify([workers.map(({ pid, isUp }) => isUp && pid), players]);
    if (players.length > 0 && state !== followed) server()?.follow(players);
    followed = state;
  }

  function addUse(use: SecretUses): void {
    const tried = [...tries].filter(({ id }) => id === use.id).slice(0, use.uses);
    for (const each of tried) tries.delete(each);
    if (tried.length === use.uses) return;
    const before = uses.get(use.id);
    uses.set(use.id, {
      id: use.id,
      uses: (before?.uses ?? 0) + use.uses - tried.length,
      last_used_ms: Math.max(before?.last_used_ms ?? 0, use.last_used_ms),
    });
  }

  function begin(withCalls: boolean): Promise<void> {
    asked += 1;
    const end = ask(withCalls).finally(() => (asking = undefined));
    asking = { withCalls, end };
    return end;
  }

  function refresh(): Promise<void> {
    if (asking === undefined) return begin(true);
    return asking.withCalls ? asking.end : asking.end.then(refresh);
  }

  async function tryCall<Result>(id: string, call: () => Promise<Result>): Promise<Result> {
    const tried = { id };
    tries.add(tried);
    try {
      const result = await call();
      // The first may have been under way before the call was answered.
      await refresh();
      await refresh();
      return result;
    } finally {
      // If it was not verified, or too late, the next use is somebody else's.
      tries.delete(tried);
    }
  }

  const timer = setInterval(() => {
    if (asking === undefined) void begin(asked % CALLS_EVERY === 0);
  }, EVERY_MS);
  return {
    timeline,
    calls,
    failing,
    failedBodies,
    get workers() {
      return workers;
    },
    get leftOut() {
      return leftOut;
    },
    get knownUntilMs() {
      return knownUntilMs;
    },
    usesOf: (id) => uses.get(id),
    tryCall,
    refresh,
    stop: () => clearInterval(timer),
  };
}

function inOrder<Timed extends { readonly time_ms: number }>(things: readonly Timed[]): readonly Timed[] {
  return things.toSorted((one, other) => one.time_ms - other.time_ms);
}
