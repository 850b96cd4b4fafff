import type { Source } from "../../src/plugin.ts";
import { amountFromMinorUnits } from "../../src/protocol/amount.ts";
import { guard } from "../../src/source/guard.ts";

/** What callers got. */
export interface Tally {
  lookups: number;
  /** Another amount than the player's: this must be 0, whatever happens. */
  wrong: number;
  failed: number;
  /** The time of each answer that was right, in milliseconds of the process's clock. */
  lastRightMs: number;
  longestMs: number;
}

export interface Callers {
  readonly tally: Tally;
  /** When the first lookup was answered that began after a moment. */
  rightAfter(momentMs: number): Promise<number>;
  stop(): Promise<Tally>;
}

/** Players 1 to PLAYERS have as many cents as their number. */
export const PLAYERS = 1000;

/** Asks a source on and on, as the host does: `atOnce` callers, each with a pause between its calls. */
export function startCallers(
  source: Source,
  {
    atOnce,
    pauseMs,
    timeoutMs,
  }: { readonly atOnce: number; readonly pauseMs: number; readonly timeoutMs: number },
): Callers {
  const guarded = guard(source, { timeoutMs, maxInFlight: atOnce });
  const tally: Tally = { lookups: 0, wrong: 0, failed: 0, lastRightMs: 0, longestMs: 0 };
  const over = new AbortController();
  const waiting = new Set<{ readonly momentMs: number; readonly resolve: (ms: number) => void }>();

  async function call(): Promise<void> {
    const number = 1 + Math.floor(Math.random() * PLAYERS);
    const beganMs = performance.now();
    const outcome = await guarded.lookup({
      playerId: String(number),
      sessionId: "s-1",
      requestId: "r-1",
      timestamp: 0,
      traceparent: "",
    });
    const endedMs = performance.now();
    tally.lookups += 1;
    tally.longestMs = Math.max(tally.longestMs, endedMs - beganMs);
    if (outcome.reason !== "ok") {
      tally.failed += 1;
      return;
    }
    if (outcome.balance !== amountFromMinorUnits(BigInt(number), 2)) tally.wrong += 1;
    tally.lastRightMs = endedMs;
    for (const each of waiting) {
      if (beganMs < each.momentMs) continue;
      waiting.delete(each);
      each.resolve(endedMs);
    }
  }

  const all = Array.from({ length: atOnce }, async () => {
    while (!over.signal.aborted) {
      await call();
      if (pauseMs > 0) await Bun.sleep(pauseMs);
    }
  });

  return {
    tally,
    rightAfter: (momentMs) => new Promise((resolve) => waiting.add({ momentMs, resolve })),
    async stop() {
      over.abort();
      await Promise.all(all);
      await guarded.close();
      return tally;
    },
  };
}
