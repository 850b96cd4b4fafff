import type { Reason } from "../protocol/status.ts";
import { latencyBucket, LATENCY_BUCKETS } from "./latency-buckets.ts";
import { type FailingPlayer, openOutcomes, type RunOfCalls } from "./outcomes.ts";

/** One answered call, as the console shows it. Never a balance, a secret, a signature or a body. */
export interface AnsweredCall {
  readonly time_ms: number;
  readonly endpoint: string;
  readonly reason: Reason;
  readonly status_code: string;
  readonly duration_ms: number;
  readonly request_id?: string | undefined;
  readonly player_id?: string | undefined;
  /** The caller's address; not looked up for a call that was answered with a balance and is not logged. */
  readonly remote?: string | undefined;
  readonly trace_id?: string | undefined;
  readonly detail?: string | undefined;
}

/** A body whose signature failed, for `explain`. It lives in memory and never in a log or a file. */
export interface FailedBody {
  readonly time_ms: number;
  readonly endpoint: string;
  readonly remote: string;
  readonly problem: string;
  /** The `X-Signature` that came; `null` if none did. */
  readonly signature: string | null;
  readonly body: Uint8Array;
}

/** What was answered within one second of Unix time. */
export interface SecondCounts {
  readonly second: number;
  /** Calls by reason. */
  readonly counts: Readonly<Record<string, number>>;
  /** Calls by latency bucket; the empty ones are left out. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
}

/** What a process recorded since it was last asked. */
export interface Recording {
  /** Every call is in these counts. */
  readonly seconds: readonly SecondCounts[];
  /** The latest calls, in their order, if they were asked for. */
  readonly calls: readonly AnsweredCall[];
  /** How many calls since those before are not among them. */
  readonly left_out: number;
  /** Whose calls failed, and who of them was answered again, in the order in which it began. */
  readonly outcomes: readonly RunOfCalls[];
  readonly failedBodies: readonly FailedBody[];
  readonly secretUses: readonly SecretUses[];
}

/** How often a secret verified a call. */
export interface SecretUses {
  /** A digest of the secret: its position changes when it is rotated. */
  readonly id: string;
  readonly uses: number;
  readonly last_used_ms: number;
}

/** It runs at every call. For one that is answered with a balance it does little, and creates hardly anything. */
export interface Recorder {
  /** Counts a call. Returns whether `keep` is to be told of it, too. */
  answered(
    timeMs: number,
    endpoint: string,
    reason: Reason,
    durationMs: number,
    playerId: string | undefined,
  ): boolean;
  keep(call: AnsweredCall): void;
  /** A call that is answered was verified by the secret. */
  secretUsed(id: string, timeMs: number): void;
  signatureFailed(failed: FailedBody): void;
  /** Players whose calls fail, in whatever process: their next answer matters. */
  follow(players: readonly FailingPlayer[]): void;
  /** Hands over what was recorded since the last time, and forgets it. Calls wait here until they are asked for. */
  take(withCalls: boolean): Recording;
}

/** What tells a secret from the others without being it; for memory, and shown to nobody. */
export function secretId(secret: string): string {
  return Bun.SHA256.hash(secret, "hex");
}

/**
 * How many calls a process keeps until they are fetched; the oldest go first. It also keeps no more than this many answered
 * calls per second, which is more than anybody can read.
 */
export const MAX_CALLS = 1000;
/** A supervisor asks every second; one that does not for this long has other troubles. */
const MAX_SECONDS = 120;
/** A longer body is an attack or a mistake that its length tells. */
const MAX_BODY_BYTES = 65_536;

export interface RecorderOptions {
  /** `admin.capture_failed` */
  readonly maxFailedBodies: number;
  /** Whether other processes answer calls of the same players. */
  readonly hasSiblings: boolean;
}

/** Records calls in a process that answers them. */
export function openRecorder({ maxFailedBodies, hasSiblings }: RecorderOptions): Recorder {
  const outcomes = openOutcomes(hasSiblings);
  const secretUses = openSecretUses();
  let current = openSecond(0);
  let seconds: OpenSecond[] = [];
  let calls: AnsweredCall[] = [];
  /** Calls since the latest ones were handed over. */
  let seen = 0;
  /** How many answered calls may be kept now: one more per millisecond. */
  let allowance = MAX_CALLS;
  let allowedMs = 0;
  let failedBodies: FailedBody[] = [];

  function count(timeMs: number, reason: Reason, durationMs: number): void {
    const second = Math.floor(timeMs / 1000);
    if (second !== current.second) {
      current = openSecond(second);
      seconds.push(current);
      if (seconds.length > MAX_SECONDS) seconds.shift();
    }
    if (reason === "ok") current.ok += 1;
    else current.failed.set(reason, (current.failed.get(reason) ?? 0) + 1);
    const bucket = latencyBucket(durationMs);
    current.latencies[bucket] = (current.latencies[bucket] ?? 0) + 1;
    seen += 1;
  }

  function isAllowed(timeMs: number): boolean {
    if (timeMs !== allowedMs) {
      // The clock may have been set back.
      allowance = Math.min(MAX_CALLS, allowance + Math.abs(timeMs - allowedMs));
      allowedMs = timeMs;
    }
    if (allowance < 1) return false;
    allowance -= 1;
    return true;
  }

  return {
    answered(timeMs, endpoint, reason, durationMs, playerId) {
      count(timeMs, reason, durationMs);
      if (reason !== "ok") return true;
      const isMended = playerId !== undefined && outcomes.answered(timeMs, endpoint, playerId);
      return isMended || isAllowed(timeMs);
    },
    keep(call) {
      calls.push(call);
      // Cut now and then: to shift at each call would move the rest each time.
      if (calls.length >= 2 * MAX_CALLS) calls = calls.slice(-MAX_CALLS);
      if (call.reason !== "ok") outcomes.failed(call);
    },
    secretUsed: (id, timeMs) => secretUses.used(id, timeMs),
    signatureFailed(failed) {
      if (maxFailedBodies === 0 || failed.body.length > MAX_BODY_BYTES) return;
      failedBodies.push(failed);
      if (failedBodies.length > maxFailedBodies) failedBodies.shift();
    },
    follow: (players) => outcomes.follow(players),
    take(withCalls) {
      const taken = withCalls ? calls.slice(-MAX_CALLS) : [];
      const recording: Recording = {
        seconds: seconds.map(countsOf),
        calls: taken,
        left_out: withCalls ? seen - taken.length : 0,
        outcomes: outcomes.take(),
        failedBodies,
        secretUses: secretUses.take(),
      };
      current = openSecond(0);
      seconds = [];
      failedBodies = [];
      if (withCalls) {
        calls = [];
        seen = 0;
      }
      return recording;
    },
  };
}

interface OpenSecond {
  readonly second: number;
  ok: number;
  readonly failed: Map<Reason, number>;
  readonly latencies: Uint32Array;
}

function openSecond(second: number): OpenSecond {
  return { second, ok: 0, failed: new Map(), latencies: new Uint32Array(LATENCY_BUCKETS) };
}

function countsOf({ second, ok, failed, latencies }: OpenSecond): SecondCounts {
  return {
    second,
    counts: { ...(ok > 0 ? { ok } : {}), ...Object.fromEntries(failed) },
    latencies: Array.from(latencies, (count, bucket) => [bucket, count] as const).filter(
      ([, count]) => count > 0,
    ),
  };
}

interface Uses {
  uses: number;
  lastUsedMs: number;
}

function openSecretUses() {
  let all = new Map<string, Uses>();
  return {
    used(id: string, timeMs: number): void {
      const known = all.get(id);
      if (known === undefined) {
        all.set(id, { uses: 1, lastUsedMs: timeMs });
      } else {
        known.uses += 1;
        known.lastUsedMs = timeMs;
      }
    },
    take(): readonly SecretUses[] {
      const taken = Array.from(all, ([id, { uses, lastUsedMs }]) => ({ id, uses, last_used_ms: lastUsedMs }));
      all = new Map();
      return taken;
    },
  };
}
