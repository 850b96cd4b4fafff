import type { Reason } from "../protocol/status.ts";
import { latencyBucket } from "./latency-buckets.ts";

/** One answered call, as the console shows it. Never a balance, a secret, a signature or a body. */
export interface AnsweredCall {
  readonly time_ms: number;
  readonly endpoint: string;
  readonly reason: Reason;
  readonly status_code: string;
  readonly duration_ms: number;
  readonly request_id?: string | undefined;
  readonly player_id?: string | undefined;
  /** Who called; not known of a call that was recorded while nobody looked and no log line was written. */
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
  /** Calls by latency bucket, those that have any. */
  readonly latencies: readonly (readonly [bucket: number, count: number])[];
}

/** What a process recorded since it was last asked. */
export interface Recording {
  readonly seconds: readonly SecondCounts[];
  /** The latest calls, in their order. */
  readonly calls: readonly AnsweredCall[];
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

export interface Recorder {
  /** Counts a call. Returns whether it is to be kept, too. */
  answered(timeMs: number, reason: Reason, durationMs: number, playerId: string | undefined): boolean;
  keep(call: AnsweredCall): void;
  secretUsed(id: string): void;
  signatureFailed(failed: FailedBody): void;
  /** Hands over what was recorded since the last time, and forgets it. */
  take(): Recording;
}

/** What tells a secret from the others without being it; for memory, and shown to nobody. */
export function secretId(secret: string): string {
  return Bun.SHA256.hash(secret, "hex");
}

/**
 * How many calls a process keeps until they are fetched. Of more than these, which is more than anybody can read, what is
 * still kept is what failed, and a player's first answer after that; then the oldest go.
 */
export const MAX_CALLS = 1000;
/** A supervisor asks every second; one that does not for this long has other troubles. */
const MAX_SECONDS = 120;
/** A longer body is an attack or a mistake that its length tells. */
const MAX_BODY_BYTES = 65_536;

/** Records calls in a process that answers them. `maxFailedBodies` is `admin.capture_failed`. */
export function openRecorder(maxFailedBodies: number): Recorder {
  // Their next answer is kept: it ends what the console says of them.
  const failingPlayers = new Set<string>();
  let seconds: OpenSecond[] = [];
  let calls: AnsweredCall[] = [];
  let failedBodies: FailedBody[] = [];
  let secretUses = new Map<string, { uses: number; lastUsedMs: number }>();

  function remember(playerId: string): void {
    failingPlayers.add(playerId);
    const [oldest] = failingPlayers.size > MAX_CALLS ? failingPlayers : [];
    if (oldest !== undefined) failingPlayers.delete(oldest);
  }

  function secondOf(timeMs: number): OpenSecond {
    const second = Math.floor(timeMs / 1000);
    const last = seconds.at(-1);
    if (last?.second === second) return last;
    const next: OpenSecond = { second, counts: new Map(), latencies: new Map() };
    seconds.push(next);
    if (seconds.length > MAX_SECONDS) seconds.shift();
    return next;
  }

  return {
    answered(timeMs, reason, durationMs, playerId) {
      const { counts, latencies } = secondOf(timeMs);
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
      const bucket = latencyBucket(durationMs);
      latencies.set(bucket, (latencies.get(bucket) ?? 0) + 1);
      if (playerId !== undefined && reason !== "ok") remember(playerId);
      const isMended = reason === "ok" && failingPlayers.size > 0 && failingPlayers.delete(playerId ?? "");
      return calls.length < MAX_CALLS || reason !== "ok" || isMended;
    },
    keep(call) {
      calls.push(call);
      // Cut now and then: to shift at each call would move the rest each time.
      if (calls.length >= 2 * MAX_CALLS) calls = calls.slice(-MAX_CALLS);
    },
    secretUsed(id) {
      let known = secretUses.get(id);
      if (known === undefined) secretUses.set(id, (known = { uses: 0, lastUsedMs: 0 }));
      known.uses += 1;
      known.lastUsedMs = Date.now();
    },
    signatureFailed(failed) {
      if (maxFailedBodies === 0 || failed.body.length > MAX_BODY_BYTES) return;
      failedBodies.push(failed);
      if (failedBodies.length > maxFailedBodies) failedBodies.shift();
    },
    take() {
      const recording: Recording = {
        seconds: seconds.map(({ second, counts, latencies }) => ({
          second,
          counts: Object.fromEntries(counts),
          latencies: [...latencies],
        })),
        calls: calls.slice(-MAX_CALLS),
        failedBodies,
        secretUses: Array.from(secretUses, ([id, { uses, lastUsedMs }]) => ({
          id,
          uses,
          last_used_ms: lastUsedMs,
        })),
      };
      seconds = [];
      calls = [];
      failedBodies = [];
      secretUses = new Map();
      return recording;
    },
  };
}

interface OpenSecond {
  readonly second: number;
  readonly counts: Map<Reason, number>;
  readonly latencies: Map<number, number>;
}
