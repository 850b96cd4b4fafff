import type { AnsweredCall } from "../observe/recorder.ts";
import type { Reason } from "../protocol/status.ts";
import type { Failing } from "./shapes.ts";

/** Whose calls fail, since when and why: longer than the list of the latest calls reaches back. Bounded, in memory. */
export interface FailingRuns {
  add(calls: readonly AnsweredCall[]): void;
  /** By reason, what is likeliest to be ours to mend first. */
  shown(nowMs: number): readonly Failing[];
}

/** Runs that are remembered per reason: beyond that, those go that failed longest ago. */
const MAX_RUNS = 100;
/** Of these as many are told of, those with the most calls. */
const MAX_SHOWN_RUNS = 10;
/** The call's own line in the log has it whole. */
const MAX_DETAIL_CHARACTERS = 300;
/** Who has not failed for that long does not fail now; the next failure is another story. */
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

interface Run {
  readonly endpoint: string;
  /** `undefined` if the call did not get as far: then the caller is all that is known. */
  readonly playerId: string | undefined;
  readonly remote: string | undefined;
  calls: number;
  readonly sinceMs: number;
  latestMs: number;
  /** When a call of this player was answered again. */
  answeredMs: number | undefined;
  detail: string | undefined;
}

interface OfReason {
  readonly sinceMs: number;
  latestMs: number;
  calls: number;
  /** The one that failed last is the last. */
  readonly runs: Map<string, Run>;
}

export function rememberFailing(): FailingRuns {
  const failing = new Map<string, OfReason>();

  function failed(call: AnsweredCall): void {
    const { reason, time_ms: timeMs } = call;
    const before = failing.get(reason);
    const isNew = before === undefined || timeMs - before.latestMs > GAP_MS;
    const ofReason = isNew
      ? { sinceMs: timeMs, latestMs: timeMs, calls: 0, runs: before?.runs ?? new Map<string, Run>() }
      : before;
    if (isNew) failing.set(reason, ofReason);
    ofReason.calls += 1;
    ofReason.latestMs = timeMs;
    addTo(ofReason.runs, call);
  }

  function answered(call: AnsweredCall): void {
    const key = keyOf(call);
    for (const { runs } of failing.values()) {
      const run = runs.get(key);
      if (run !== undefined) run.answeredMs ??= call.time_ms;
    }
  }

  return {
    add(calls) {
      for (const call of calls) {
        if (call.reason === "ok") answered(call);
        else failed(call);
      }
    },
    shown: (nowMs) =>
      REASONS.flatMap((reason) => {
        const ofReason = failing.get(reason);
        return ofReason === undefined ? [] : [show(reason, ofReason, nowMs)];
      }),
  };
}

function addTo(runs: Map<string, Run>, call: AnsweredCall): void {
  const key = keyOf(call);
  const before = runs.get(key);
  const run = before !== undefined && goesOn(before, call.time_ms) ? before : newRun(call);
  run.calls += 1;
  run.latestMs = call.time_ms;
  run.detail = call.detail ?? run.detail;
  runs.delete(key);
  runs.set(key, run);
  const [oldest] = runs.size > MAX_RUNS ? runs.keys() : [];
  if (oldest !== undefined) runs.delete(oldest);
}

/** A player's run ends with an answer, since some call rarely; a caller's, who may be many players, with silence. */
function goesOn({ playerId, latestMs, answeredMs }: Run, timeMs: number): boolean {
  return playerId === undefined ? timeMs - latestMs <= GAP_MS : answeredMs === undefined;
}

function newRun({ endpoint, player_id, remote, time_ms, detail }: AnsweredCall): Run {
  return {
    endpoint,
    playerId: player_id,
    remote: player_id === undefined ? remote : undefined,
    calls: 0,
    sinceMs: time_ms,
    latestMs: time_ms,
    answeredMs: undefined,
    detail,
  };
}

/** That a player's bet is answered says nothing of the balance. */
function keyOf({ endpoint, player_id, remote = "" }: AnsweredCall): string {
  return player_id === undefined ? `${endpoint} caller ${remote}` : `${endpoint} player ${player_id}`;
}

function show(reason: string, { sinceMs, latestMs, calls, runs }: OfReason, nowMs: number): Failing {
  const isOver = ({ answeredMs, latestMs: last }: Run) => answeredMs !== undefined || nowMs - last > GAP_MS;
  const all = [...runs.values()];
  const now = all.filter((run) => !isOver(run));
  const sorted = all.toSorted(
    (one, other) =>
      Number(isOver(one)) - Number(isOver(other)) ||
      (isOver(one) ? other.latestMs - one.latestMs : other.calls - one.calls),
  );
  return {
    reason,
    calls,
    since_ms: Math.min(sinceMs, ...now.map((run) => run.sinceMs)),
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
      detail: run.detail?.slice(0, MAX_DETAIL_CHARACTERS) ?? null,
    })),
  };
}
