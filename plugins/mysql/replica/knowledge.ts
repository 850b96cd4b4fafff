import { holds, isAhead, type Position } from "./position.ts";
import type { Standing } from "./standing.ts";

/** What a server was seen as, and when it was asked, by our own clock. */
export interface Seen {
  /** Which server it was: the same address may lead to another one the next time. */
  readonly server: string;
  readonly askedMs: number;
  readonly standing: Standing;
}

/** What the primary had committed when it was asked. */
interface Milestone {
  readonly askedMs: number;
  readonly committed: Position;
}

/** What is known about the age of what a server answers. */
export interface Knowledge {
  readonly server: string | undefined;
  /** Whatever was committed on the primary before then is on the server; `-Infinity` if nothing is known. */
  readonly upToMs: number;
  /** What the server has not been seen to have yet, oldest first. */
  readonly milestones: readonly Milestone[];
  /** The primary that the milestones are of. */
  readonly primaryId: string | undefined;
  /** Why no more is known; `undefined` if the server is just behind. */
  readonly doubt: string | undefined;
}

export const NOTHING_KNOWN: Knowledge = {
  server: undefined,
  upToMs: -Infinity,
  milestones: [],
  primaryId: undefined,
  doubt: undefined,
};

/** How many milestones are kept for the time that a server may be behind. */
const MILESTONES_PER_BOUND = 32;

/**
 * What a further look shows. A replica proves its age only by having the commits that its primary, asked directly, had
 * at a time of our own clock. What the replica says of itself proves none: to it, a slow link, on which changes and
 * heartbeats wait in line, looks like an idle primary; and `Seconds_Behind_Master` is reckoned with two clocks.
 */
export function afterLook(
  earlier: Knowledge,
  {
    seen,
    primary,
    boundMs,
  }: { readonly seen: Seen; readonly primary: Seen | undefined; readonly boundMs: number },
): Knowledge {
  const { server, standing } = seen;
  const nothing = { ...NOTHING_KNOWN, server };
  const known = earlier.server === server ? earlier : nothing;
  if (standing.kind === "primary") return { ...nothing, upToMs: seen.askedMs };
  if (standing.kind === "unclear") return { ...known, doubt: standing.why };
  const { primaryId, applied } = standing;
  const before = known.primaryId === primaryId ? known : { ...nothing, primaryId };
  if (primary?.standing.kind !== "primary" || primary.standing.id !== primaryId) {
    return { ...before, doubt: "its primary is none of `hosts` that answers" };
  }
  const { committed } = primary.standing;
  if (committed === undefined)
    return { ...before, doubt: "its primary must write a binary log with GTIDs, and be no node of Galera" };
  // The primary was asked later, so it has all that the replica had. If not, their histories have parted.
  if (isAhead(applied, committed)) {
    return { ...nothing, primaryId, doubt: "it has changes that its primary lacks" };
  }
  const all = [...before.milestones, { askedMs: primary.askedMs, committed }];
  const reached = all.findLastIndex((milestone) => holds(applied, milestone.committed));
  return {
    server,
    upToMs: Math.max(before.upToMs, all[reached]?.askedMs ?? -Infinity),
    milestones: thinned(all.slice(reached + 1), boundMs),
    primaryId,
    doubt: undefined,
  };
}

/** One of several that are close together is enough, and those beyond the bound prove nothing of use. */
function thinned(milestones: readonly Milestone[], boundMs: number): readonly Milestone[] {
  const newest = milestones.at(-1);
  if (newest === undefined) return [];
  const current = milestones.filter(({ askedMs }) => newest.askedMs - askedMs <= boundMs);
  const [before, last] = current.slice(-3, -1);
  const isClose =
    before !== undefined &&
    last !== undefined &&
    last.askedMs - before.askedMs < boundMs / MILESTONES_PER_BOUND;
  return isClose ? [...current.slice(0, -2), newest] : current;
}
