import type { BalanceQuery, LookupResult, OpenContext } from "../../src/plugin.ts";

/** How many answers are remembered at most; beyond that the oldest is forgotten. */
const MAX_REMEMBERED = 10_000;

export type Lookup = (query: BalanceQuery, signal: AbortSignal) => Promise<LookupResult>;

/** Overlapping lookups of the same player and session share one. */
export function coalescing(lookup: Lookup, count: OpenContext["count"]): Lookup {
  const underWay = new Map<
    string,
    { readonly answer: Promise<LookupResult>; readonly signal: AbortSignal }
  >();

  return async (query, signal) => {
    const key = keyOf(query);
    for (let other = underWay.get(key); other !== undefined; other = underWay.get(key)) {
      count("coalesced");
      try {
        return await other.answer;
      } catch (error) {
        // The other one began earlier: when its time is up, some of ours is left.
        if (!other.signal.aborted || signal.aborted) throw error;
      }
    }
    const answer = lookup(query, signal).finally(() => underWay.delete(key));
    underWay.set(key, { answer, signal });
    return answer;
  };
}

/** Answers, failures not, are given again for `cacheMs` after they came. */
export function remembering(lookup: Lookup, cacheMs: number, count: OpenContext["count"]): Lookup {
  const remembered = new Map<string, { readonly answer: LookupResult; readonly untilMs: number }>();

  return async (query, signal) => {
    const key = keyOf(query);
    const known = remembered.get(key);
    if (known !== undefined && performance.now() < known.untilMs) {
      count("remembered");
      return known.answer;
    }
    const answer = await lookup(query, signal);
    // Deleted first, so that the map stays in the order of age and the oldest comes first.
    remembered.delete(key);
    remembered.set(key, { answer, untilMs: performance.now() + cacheMs });
    const [oldest] = remembered.size > MAX_REMEMBERED ? remembered.keys() : [];
    if (oldest !== undefined) remembered.delete(oldest);
    return answer;
  };
}

/** Ids hold no control characters, so no two pairs have the same key. */
function keyOf({ playerId, sessionId }: BalanceQuery): string {
  return `${playerId}\n${sessionId}`;
}
