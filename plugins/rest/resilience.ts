import { setTimeout as sleep } from "node:timers/promises";
import type { LookupResult, OpenContext } from "../../src/plugin.ts";
import type { Breaker } from "./breaker.ts";
import type { Exchange } from "./exchange.ts";
import { BadConnection, lateness, ServerError, Unavailable } from "./failure.ts";
import type { CoreRequest } from "./request.ts";
import type { Slots } from "./slots.ts";

/** The first wait is up to this long, each further one up to twice as long. */
const FIRST_WAIT_MS = 25;

/** How much each answer of the core changes the estimate of its speed. */
const WEIGHT = 1 / 8;

/** One question, and what its answer amounts to. */
type Ask = Exchange<LookupResult>;

export interface Resilience {
  readonly retries: number;
  readonly breaker: Breaker;
  readonly slots: Slots;
  readonly timeoutMs: number;
  /** The name that messages give the core. */
  readonly core: string;
  readonly count: OpenContext["count"];
}

/**
 * An exchange with retries while the core is unavailable, a queue for its turn, and a circuit breaker. Everything in
 * it ends with `signal`; a wait that would outlast the deadline is not begun.
 */
export function resilient(
  exchange: Ask,
  { retries, breaker, slots, timeoutMs, core, count }: Resilience,
): Ask {
  /** How long the core has been taking to answer lately. */
  let usualMs = 0;

  async function attempt(
    request: CoreRequest,
    signal: AbortSignal,
    deadlineMs: number,
  ): Promise<LookupResult> {
    refuseIfOpen();
    if (!slots.tryTake()) {
      count("queued");
      await slots.take(signal).catch(() => outOfQueue(signal));
      // A call that cannot finish in time would only take the core's time from those that can, and count as a failure
      // of the core.
      if (deadlineMs - performance.now() < Math.min(2 * usualMs, timeoutMs / 2)) {
        slots.release();
        await untilAborted(signal);
        return outOfQueue(signal);
      }
    }
    try {
      signal.throwIfAborted();
      refuseIfOpen();
      const call = breaker.begin();
      const begunMs = performance.now();
      try {
        const result = await exchange(request, signal);
        usualMs += WEIGHT * (performance.now() - begunMs - usualMs);
        breaker.settle(call, undefined);
        return result;
      } catch (error) {
        if (error instanceof ServerError || error instanceof BadConnection) breaker.drop(call);
        else breaker.settle(call, unavailability(error, signal));
        throw error;
      }
    } finally {
      slots.release();
    }
  }

  function outOfQueue(signal: AbortSignal): never {
    throw lateness("queue", core, signal);
  }

  function refuseIfOpen(): void {
    const refusal = breaker.refusal();
    if (refusal === undefined) return;
    count("breaker_refused");
    throw new Error(refusal);
  }

  return async (request, signal) => {
    const deadlineMs = performance.now() + timeoutMs;
    for (let calls = 1; ; calls++) {
      try {
        return await attempt(request, signal, deadlineMs);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        const jitterMs = Math.random() * FIRST_WAIT_MS * 2 ** (calls - 1);
        const waitMs = Math.max(error.retryAfterMs, jitterMs);
        const isLast = calls > retries || performance.now() + waitMs >= deadlineMs;
        if (isLast || breaker.refusal() !== undefined) {
          throw calls === 1 ? error : new Error(`${error.message} (${calls} calls)`, { cause: error });
        }
        count("retry");
        await sleep(waitMs, undefined, { signal }).catch(() => {
          throw lateness("pause", core, signal);
        });
      }
    }
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** What the breaker counts: the core was unreachable or late. A strange answer concerns one player. */
function unavailability(error: unknown, signal: AbortSignal): string | undefined {
  if (signal.aborted) return "no answer in time";
  return error instanceof Unavailable ? error.message : undefined;
}
