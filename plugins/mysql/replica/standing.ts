import { mariaDbPosition, mysqlPosition, type Position } from "./position.ts";

/** How a server stands among those that follow each other. */
export type Standing =
  /** It takes writes and follows nobody. Without a position, nobody can tell how far a replica is behind it. */
  | { readonly kind: "primary"; readonly id: string; readonly committed: Position | undefined }
  | { readonly kind: "replica"; readonly primaryId: string; readonly applied: Position }
  /** Nobody can tell. */
  | { readonly kind: "unclear"; readonly why: string };

/** What was read of a server. */
export interface ServerRows {
  readonly isMariaDb: boolean;
  /** What its replicas know it by: MariaDB's `server_id`, MySQL's `server_uuid`. */
  readonly id: string;
  readonly takesWrites: boolean;
  /** The GTIDs that it has committed as a primary; empty without a binary log, or without GTIDs. */
  readonly committed: string;
  /** The GTIDs that it has committed as a replica. */
  readonly applied: string;
  /** A row for each server that it follows, as `SHOW REPLICA STATUS` gives them. */
  readonly following: readonly Readonly<Record<string, string | number | null | undefined>>[];
}

export function standingOf(rows: ServerRows): Standing {
  const { isMariaDb, id, takesWrites, following } = rows;
  const parse = isMariaDb ? mariaDbPosition : mysqlPosition;
  const [only, ...others] = following;
  if (only === undefined) {
    return takesWrites
      ? { kind: "primary", id, committed: unlessEmpty(parse(rows.committed)) }
      : { kind: "unclear", why: "it takes no writes, and follows no primary" };
  }
  if (others.length > 0) return { kind: "unclear", why: "it follows several servers" };
  const primaryId = `${only[isMariaDb ? "Master_Server_Id" : "Source_UUID"]}`;
  if (primaryId === "" || primaryId === "0")
    return { kind: "unclear", why: "it has not reached its primary yet" };
  const applied = unlessEmpty(parse(rows.applied));
  return applied === undefined
    ? { kind: "unclear", why: `it has no GTIDs of its primary${isMariaDb ? "" : ": set gtid_mode = ON"}` }
    : { kind: "replica", primaryId, applied };
}

/** Every server has all of nothing, so an empty position proves nothing. */
function unlessEmpty(position: Position | undefined): Position | undefined {
  return position === undefined || position.size === 0 ? undefined : position;
}
