import type { BalanceQuery, LookupResult, OpenContext } from "../../src/plugin.ts";

/** How many answers are remembered at most; beyond that the oldest is forgotten. */
const MAX_REMEMBERED = 10_000;

export type Lookup = (query: BalanceQuery, signal: AbortSignal) => Promise<LookupResult>;

/** An answer, and when its question was asked. It does not reflect anything later than that. */
interface Dated {
  readonly answer: LookupResult;
  /** By the clock that is never set. */
  readonly askedMs: number;
  /** By the other one, because the first stands still while the machine is suspended. */
  readonly askedAt: number;
}

type DatedLookup = (query: BalanceQuery, signal: AbortSignal) => Promise<Dated>;

export interface Sharing {
  readonly coalesce: boolean;
  readonly cacheMs: number;
  readonly count: OpenContext["count"];
}

/** Lookups that share calls and answers, if the options ask for it. */
export function sharing(lookup: Lookup, { coalesce, cacheMs, count }: Sharing): Lookup {
  if (!coalesce && cacheMs === 0) return lookup;
  let shared: DatedLookup = async (query, signal) => {
    const askedMs = performance.now();
    const askedAt = Date.now();
    return { answer: await lookup(query, signal), askedMs, askedAt };
  };
  if (coalesce) shared = coalescing(shared, count);
  if (cacheMs > 0) shared = remembering(shared, cacheMs, count);
  return async (query, signal) => (await shared(query, signal)).answer;
}

/** Overlapping lookups of the same player and session share one. */
function coalescing(lookup: DatedLookup, count: OpenContext["count"]): DatedLookup {
  const underWay = new Map<string, { readonly answer: Promise<Dated>; readonly signal: AbortSignal }>();

  return async (query, signal) => {
    const key = keyOf(query);
    for (let other = underWay.get(key); other !== undefined; other = underWay.get(key)) {
      count("coalesced");
      try {
        return await other.answer;
      } catch (error) {
        // The other lookup began earlier. When its time is up, some of ours is left.
        if (!other.signal.aborted || signal.aborted) throw error;
      }
    }
    const answer = lookup(query, signal).finally(() => underWay.delete(key));
    underWay.set(key, { answer, signal });
    return answer;
  };
}

/**
 * Answers, but not failures, are given again for `cacheMs` after they were asked for. A question that was asked
 * before the remembered one may be answered after it. Its answer is older and does not replace it.
 */
function remembering(lookup: DatedLookup, cacheMs: number, count: OpenContext["count"]): DatedLookup {
  const remembered = new Map<string, Dated>();

  return async (query, signal) => {
    const key = keyOf(query);
    const known = remembered.get(key);
    if (known !== undefined && isYounger(known, cacheMs)) {
      count("remembered");
      return known;
    }
    const dated = await lookup(query, signal);
    const { askedMs = -Infinity } = remembered.get(key) ?? {};
    if (dated.askedMs < askedMs) return dated;
    // Deleted first, so that the map stays in the order of age and the oldest comes first.
    remembered.delete(key);
    remembered.set(key, dated);
    const [oldest] = remembered.size > MAX_REMEMBERED ? remembered.keys() : [];
    if (oldest !== undefined) remembered.delete(oldest);
    return dated;
  };
}

/** Whatever happened to the clocks: if they disagree, the answer counts as old. */
function isYounger({ askedMs, askedAt }: Dated, ageMs: number): boolean {
  const wallAgeMs = Date.now() - askedAt;
  return performance.now() - askedMs < ageMs && wallAgeMs >= 0 && wallAgeMs < ageMs;
}

/** Ids hold no control characters, so no two pairs have the same key. */
function keyOf({ playerId, sessionId }: BalanceQuery): string {
  return `${playerId}\n${sessionId}`;
}
