/**
 * An SQL expression: 0 on a primary; on a replica, how many milliseconds ago the last transaction that it has replayed
 * was committed, or NULL if there was none.
 *
 * Whatever the replica lacks was committed later than that, because it replays the log in the order in which the primary
 * wrote it. This is so however the log arrives, and whatever holds it up. Nothing else bounds the age of its data:
 * what it has received, and when it last heard of its primary, are old news if the link is slow. Nor does
 * `pg_stat_wal_receiver` tell where the log ends: a keepalive carries how much was sent, not how much there is, its times
 * begin as those of the replica's own clock, and the server that sends may be a replica itself.
 */
export const SINCE_REPLAYED_MS = `CASE WHEN pg_is_in_recovery() THEN
(1000 * extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))::float8 ELSE 0 END`;

/**
 * How far a server is behind its primary, at most, in milliseconds, from what it gave for that expression; `undefined`
 * if that is not known. A commit in the future shows that the two clocks differ by so much at least, and by so much the
 * bound may be wrong.
 */
export function stalenessMs(sinceReplayedMs: unknown): number | undefined {
  return typeof sinceReplayedMs === "number" && Number.isFinite(sinceReplayedMs)
    ? Math.abs(sinceReplayedMs)
    : undefined;
}

/** Why a server may not answer, worded to follow its name; `undefined` if it may. */
export function tooStale(sinceReplayedMs: unknown, maxStalenessMs: number): string | undefined {
  const boundMs = stalenessMs(sinceReplayedMs);
  if (boundMs === undefined) {
    return "is a replica that has replayed no transaction since it was started, so it is not known how far it is behind";
  }
  if (boundMs <= maxStalenessMs) return undefined;
  return Number(sinceReplayedMs) < 0
    ? "is a replica with another time than its primary, so it is not known how far it is behind: set their clocks by NTP"
    : `is a replica that may be more than ${maxStalenessMs} ms behind its primary: it has replayed no younger transaction. If the primary is idle, let it commit something every second`;
}
