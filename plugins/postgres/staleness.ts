/**
 * An SQL expression: 0 on a primary, and on a replica for how many milliseconds it has been replaying nothing younger
 * than its last transaction, which carries the time of its commit, or NULL before the first one.
 *
 * Nothing else that a replica knows bounds the age of its data. What it has received, and when it last heard of its
 * primary, do not: on a slow link both are of what was sent long ago. Nor does the end of the log that
 * `pg_stat_wal_receiver` tells: a keepalive carries how much was sent rather than how much there is, the times
 * begin as those of this server's own clock, and the server that sends may be a replica itself. The log is replayed in
 * the order in which the primary wrote it, so what is still to come was committed later than the last one, whatever it
 * came by and whatever holds it up.
 */
export const SINCE_REPLAYED_MS = `CASE WHEN pg_is_in_recovery() THEN
(1000 * extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()))::float8 ELSE 0 END`;

/**
 * How far a server is behind its primary, at most, in milliseconds, from what it gave for that expression. `undefined`
 * if there is no telling. A commit in the future shows by how much the two clocks differ, at least; so much the bound
 * may be wrong, and is made wider.
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
    : `is a replica that may be more than ${maxStalenessMs} ms behind its primary: it has replayed no younger transaction`;
}
