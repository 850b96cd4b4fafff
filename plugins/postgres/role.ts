/** Which servers may answer. */
export interface Role {
  /** An SQL expression that is true on a server that may, at the moment of the answer. */
  readonly isFit: string;
  /** Why a server may not answer, worded to follow its name. */
  readonly unfit: string;
}

/**
 * How far a replica is behind, at most, in milliseconds. Of two bounds the lower one: the age of the last
 * transaction that was replayed, which grows while the primary is idle; and, while all that was received is
 * replayed, the age of the last message of the primary, which is silent when it is gone. That one only
 * `pg_read_all_stats` sees. NULL if neither is known.
 */
const STALENESS_MS = `1000 * extract(epoch FROM LEAST(
clock_timestamp() - pg_last_xact_replay_timestamp(),
CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN
(SELECT clock_timestamp() - last_msg_receipt_time FROM pg_stat_wal_receiver WHERE status = 'streaming') END))`;

export function roleOf(role: "primary" | "any", maxStalenessMs: number | undefined): Role {
  if (role === "primary") {
    return {
      isFit: "NOT pg_is_in_recovery()",
      unfit:
        'is a replica, which may show a balance from before a bet: name the primary, or set role = "any"',
    };
  }
  if (maxStalenessMs === undefined) return { isFit: "true", unfit: "is not fit" };
  return {
    isFit: `(NOT pg_is_in_recovery() OR COALESCE(${STALENESS_MS} <= ${maxStalenessMs}, false))`,
    unfit: `is a replica that may be more than ${maxStalenessMs} ms behind its primary`,
  };
}
