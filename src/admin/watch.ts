import { type AnsweredCall, type FailedBody, MAX_CALLS, type SecretUses } from "../observe/recorder.ts";
import type { Server, WorkerNews } from "../server/server.ts";
import { type FailingRuns, rememberFailing } from "./failing.ts";
import { keepLatest, type Latest } from "./recent.ts";
import { openTimeline, type Timeline } from "./timeline.ts";

/** What is kept about the server and its workers, past and present. */
export interface Watch {
  readonly timeline: Timeline;
  readonly calls: Latest<AnsweredCall>;
  readonly failing: FailingRuns;
  readonly failedBodies: Latest<FailedBody>;
  /** As they were when last asked. */
  readonly workers: readonly WorkerNews[];
  /** Since the start, by the digest of the secret. */
  usesOf(id: string): Pick<SecretUses, "uses" | "last_used_ms"> | undefined;
  /** Every call before this moment is in the timeline. */
  readonly knownUntilMs: number;
  /** Asks the workers for what is new. */
  refresh(): Promise<void>;
  stop(): void;
}

/** What a worker had not reported when it died is lost, but no more than this much. */
const EVERY_MS = 1000;

/** `maxFailedBodies` is `admin.capture_failed`. */
export function watchServer(server: () => Server | undefined, maxFailedBodies: number): Watch {
  const timeline = openTimeline();
  const calls = keepLatest<AnsweredCall>(MAX_CALLS);
  const failing = rememberFailing();
  const failedBodies = keepLatest<FailedBody>(maxFailedBodies);
  const uses = new Map<string, SecretUses>();
  let workers: readonly WorkerNews[] = [];
  let asking: Promise<void> | undefined;
  let knownUntilMs = Date.now();

  async function ask(): Promise<void> {
    const askedMs = Date.now();
    workers = (await server()?.news()) ?? [];
    const recordings = workers.flatMap(({ news }) => news?.recording ?? []);
    for (const { seconds } of recordings) for (const second of seconds) timeline.add(second);
    const latest = inOrder(recordings.flatMap((recording) => recording.calls));
    calls.add(latest);
    failing.add(latest);
    failedBodies.add(inOrder(recordings.flatMap((recording) => recording.failedBodies)));
    knownUntilMs = askedMs;
    for (const use of recordings.flatMap(({ secretUses }) => secretUses)) addUse(use);
  }

  function addUse(use: SecretUses): void {
    const before = uses.get(use.id);
    uses.set(use.id, {
      id: use.id,
      uses: (before?.uses ?? 0) + use.uses,
      last_used_ms: Math.max(before?.last_used_ms ?? 0, use.last_used_ms),
    });
  }

  function refresh(): Promise<void> {
    asking ??= ask().finally(() => (asking = undefined));
    return asking;
  }

  const timer = setInterval(() => void refresh(), EVERY_MS);
  return {
    timeline,
    calls,
    failing,
    failedBodies,
    get workers() {
      return workers;
    },
    get knownUntilMs() {
      return knownUntilMs;
    },
    usesOf: (id) => uses.get(id),
    refresh,
    stop: () => clearInterval(timer),
  };
}

function inOrder<Timed extends { readonly time_ms: number }>(things: readonly Timed[]): readonly Timed[] {
  return things.toSorted((one, other) => one.time_ms - other.time_ms);
}
