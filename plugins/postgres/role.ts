import { SINCE_REPLAYED_MS, stalenessMs, tooStale } from "./staleness.ts";

/** Which servers may answer. */
export interface Role {
  /** An SQL expression of how a server stands. */
  readonly standing: string;
  /**
   * Whether a server must stand well before the query runs, too. It may get better meanwhile, but a statement does not
   * see what is replayed while it runs.
   */
  readonly countsBefore: boolean;
  /** Why a server that gave this value may not answer, worded to follow its name; `undefined` if it may. */
  unfit(standing: unknown): string | undefined;
  /** How far that server is behind its primary, at most; `undefined` if that is not known, or nobody wants to know. */
  stalenessMs(standing: unknown): number | undefined;
}

export function roleOf(role: "primary" | "any", maxStalenessMs: number | undefined): Role {
  if (role === "primary") return PRIMARY;
  return maxStalenessMs === undefined ? ANY : nearReplica(maxStalenessMs);
}

const PRIMARY: Role = {
  standing: "NOT pg_is_in_recovery()",
  countsBefore: false,
  unfit: (standing) =>
    standing === true
      ? undefined
      : 'is a replica, which may show a balance from before a bet: name the primary, or set role = "any"',
  stalenessMs: () => undefined,
};

const ANY: Role = {
  standing: "true",
  countsBefore: false,
  unfit: () => undefined,
  stalenessMs: () => undefined,
};

function nearReplica(maxStalenessMs: number): Role {
  return {
    standing: SINCE_REPLAYED_MS,
    countsBefore: true,
    unfit: (standing) => tooStale(standing, maxStalenessMs),
    stalenessMs,
  };
}
