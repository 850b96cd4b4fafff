/** Which servers may answer. */
export interface Role {
  /** An SQL expression of how a server stands, at the moment of the answer. */
  readonly standing: string;
  /** Whether a server that gave this value may answer. */
  accepts(standing: unknown): boolean;
  /** Why a server may not answer, worded to follow its name. */
  readonly unfit: string;
  /** How far the server of the latest answer was behind its primary, at most; `undefined` if nobody wants to know. */
  readonly stalenessMs: number | undefined;
}

/**
 * How far a replica is behind, at most, in milliseconds. Of two bounds the lower one: the age of the last
 * transaction that was replayed, which grows while the primary is idle; and, while all that was received is
 * replayed, the age of the last message of the primary, which is silent when it is gone. That one only
 * `pg_read_all_stats` sees. NULL if neither is known; 0 for a primary.
 */
const STALENESS_MS = `CASE WHEN pg_is_in_recovery() THEN 1000 * extract(epoch FROM LEAST(
clock_timestamp() - pg_last_xact_replay_timestamp(),
CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN
(SELECT clock_timestamp() - last_msg_receipt_time FROM pg_stat_wal_receiver WHERE status = 'streaming') END))::float8 ELSE 0 END`;

export function roleOf(role: "primary" | "any", maxStalenessMs: number | undefined): Role {
  if (role === "any" && maxStalenessMs !== undefined) return nearReplica(maxStalenessMs);
  return {
    standing: role === "primary" ? "NOT pg_is_in_recovery()" : "true",
    accepts: (standing) => standing === true,
    unfit: 'is a replica, which may show a balance from before a bet: name the primary, or set role = "any"',
    stalenessMs: undefined,
  };
}

function nearReplica(maxStalenessMs: number): Role {
  let latestMs: number | undefined;
  return {
    standing: STALENESS_MS,
    accepts(standing) {
      latestMs = typeof standing === "number" ? standing : undefined;
      return latestMs !== undefined && latestMs <= maxStalenessMs;
    },
    unfit: `is a replica that may be more than ${maxStalenessMs} ms behind its primary`,
    get stalenessMs() {
      return latestMs;
    },
  };
}
