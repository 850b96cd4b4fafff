import type { FailingPlayer, RunOfCalls } from "../observe/outcomes.ts";
import type { Recording } from "../observe/recorder.ts";
import type { Reason } from "../protocol/status.ts";
import type { Failing } from "./shapes.ts";

/** Whose calls fail, since when and why: it reaches back further than the list of the latest calls. Bounded, in memory. */
export interface FailingRuns {
  /** What the workers recorded in one stretch of time. */
  add(recordings: readonly Pick<Recording, "seconds" | "outcomes">[]): void;
  forget(): void;
  /** By reason; first what is likeliest to be ours to mend. */
  shown(nowMs: number): readonly Failing[];
  /** Players who have not been answered since, and whose next answer the workers must tell. */
  followed(): readonly FailingPlayer[];
}

/** Runs that are remembered per reason. If there are more, those that failed longest ago go. */
const MAX_RUNS = 100;
/** As many of them are shown, those with the most calls. */
const MAX_SHOWN_RUNS = 10;
/** Whoever has not failed for this long does not fail now. The next failure is another story. */
const GAP_MS = 15 * 60_000;

const REASONS = [
  "source_failed",
  "source_timeout",
  "overloaded",
  "stale_timestamp",
  "bad_signature",
  "invalid_body",
  "refused",
  "player_not_found",
] as const satisfies readonly Exclude<Reason, "ok">[];

/** A moment, and how many calls had ended for the reason before it: what came since is the difference. */
interface Beginning {
  readonly sinceMs: number;
  readonly callsBefore: number;
}

interface Run extends Beginning {
  readonly endpoint: string;
  /** `undefined` if the calls did not get as far; then the caller is all that is known. */
  readonly playerId: string | undefined;
  readonly remote: string | undefined;
  calls: number;
  latestMs: number;
  /** When a call of this player was answered again. */
  answeredMs: number | undefined;
  detail: string | undefined;
}

interface OfReason {
  /** Every call that ended so since the start, whether it is told whose it was or not. */
  calls: number;
  latestMs: number;
  /** Since then there was no break. */
  beginning: Beginning;
  /** The one that failed last is the last. */
  readonly runs: Map<string, Run>;
}

export function rememberFailing(): FailingRuns {
  const failing = new Map<Reason, OfReason>();

  function failed(outcome: RunOfCalls): void {
    const { reason, since_ms: sinceMs, latest_ms: latestMs, calls } = outcome;
    const ofReason = failing.get(reason) ?? {
      calls: 0,
      latestMs: -Infinity,
      beginning: { sinceMs, callsBefore: 0 },
      runs: new Map<string, Run>(),
    };
    failing.set(reason, ofReason);
    const beginning = { sinceMs, callsBefore: ofReason.calls };
    if (sinceMs - ofReason.latestMs > GAP_MS) ofReason.beginning = beginning;
    addTo(ofReason.runs, outcome, beginning);
    ofReason.calls += calls;
    ofReason.latestMs = Math.max(ofReason.latestMs, latestMs);
  }

  function answered(outcome: RunOfCalls): void {
    const key = keyOf(outcome);
    for (const { runs } of failing.values()) {
      const run = runs.get(key);
      // Another worker may have failed the same player after that.
      if (run !== undefined && outcome.since_ms >= run.latestMs) run.answeredMs ??= outcome.since_ms;
    }
  }

  return {
    add(recordings) {
      const before = new Map(Array.from(failing, ([reason, { calls }]) => [reason, calls]));
      const outcomes = recordings.flatMap((recording) => recording.outcomes);
      for (const outcome of outcomes.toSorted((one, other) => one.since_ms - other.since_ms)) {
        if (outcome.reason === "ok") answered(outcome);
        else failed(outcome);
      }
      // A worker does not tell of every call whose it was, but counts each.
      const seconds = recordings.flatMap((recording) => recording.seconds);
      for (const [reason, ofReason] of failing) {
        const counted = seconds.reduce((sum, { counts }) => sum + (counts[reason] ?? 0), 0);
        ofReason.calls = Math.max(ofReason.calls, (before.get(reason) ?? 0) + counted);
      }
    },
    forget: () => failing.clear(),
    shown: (nowMs) =>
      REASONS.flatMap((reason) => {
        const ofReason = failing.get(reason);
        return ofReason === undefined ? [] : [show(reason, ofReason, nowMs)];
      }),
    followed: () =>
      [...failing.values()].flatMap(({ runs }) =>
        [...runs.values()].flatMap(({ endpoint, playerId, latestMs, answeredMs }) =>
          playerId === undefined || answeredMs !== undefined
            ? []
            : [{ endpoint, player_id: playerId, latest_ms: latestMs }],
        ),
      ),
  };
}

function addTo(runs: Map<string, Run>, outcome: RunOfCalls, beginning: Beginning): void {
  const key = keyOf(outcome);
  const before = runs.get(key);
  const run = before !== undefined && goesOn(before, outcome.since_ms) ? before : newRun(outcome, beginning);
  run.calls += outcome.calls;
  run.latestMs = Math.max(run.latestMs, outcome.latest_ms);
  run.detail = outcome.detail ?? run.detail;
  runs.delete(key);
  runs.set(key, run);
  const [oldest] = runs.size > MAX_RUNS ? runs.keys() : [];
  if (oldest !== undefined) runs.delete(oldest);
}

/**
 * A player's run ends with an answer, however rarely they call. A caller's ends with silence: it may stand for many
 * players.
 */
function goesOn({ playerId, latestMs, answeredMs }: Run, timeMs: number): boolean {
  return playerId === undefined ? timeMs - latestMs <= GAP_MS : answeredMs === undefined;
}

function newRun(outcome: RunOfCalls, beginning: Beginning): Run {
  const { endpoint, player_id: playerId, remote, latest_ms: latestMs, detail } = outcome;
  return { ...beginning, endpoint, playerId, remote, calls: 0, latestMs, answeredMs: undefined, detail };
}

/** That a player's bet is answered says nothing of the balance. */
function keyOf({ endpoint, player_id, remote = "" }: RunOfCalls): string {
  return player_id === undefined ? `${endpoint} caller ${remote}` : `${endpoint} player ${player_id}`;
}

function show(reason: string, { calls, latestMs, beginning, runs }: OfReason, nowMs: number): Failing {
  const isOver = ({ answeredMs, latestMs: last }: Run) => answeredMs !== undefined || nowMs - last > GAP_MS;
  const all = [...runs.values()];
  const now = all.filter((run) => !isOver(run));
  const sorted = all.toSorted(
    (one, other) =>
      Number(isOver(one)) - Number(isOver(other)) ||
      (isOver(one) ? other.latestMs - one.latestMs : other.calls - one.calls),
  );
  // Somebody who calls rarely may have failed since before the latest break.
  const { sinceMs, callsBefore } = [beginning, ...now].reduce((one, other) =>
    other.sinceMs < one.sinceMs ? other : one,
  );
  return {
    reason,
    calls: calls - callsBefore,
    since_ms: sinceMs,
    latest_ms: latestMs,
    failing_now: now.length,
    runs: sorted.slice(0, MAX_SHOWN_RUNS).map((run) => ({
      endpoint: run.endpoint,
      player_id: run.playerId ?? null,
      remote: run.remote ?? null,
      calls: run.calls,
      since_ms: run.sinceMs,
      latest_ms: run.latestMs,
      answered_ms: run.answeredMs ?? null,
      is_over: isOver(run),
      detail: run.detail ?? null,
    })),
  };
}
