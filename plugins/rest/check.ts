import type { BalanceQuery, LookupResult, OpenContext } from "../../src/plugin.ts";
import type { Breaker } from "./breaker.ts";
import type { Call } from "./exchange.ts";
import { authorizer } from "./request.ts";
import type { Options } from "./options.ts";
import type { Lookup } from "./remember.ts";

/** A player that no core has; what comes back for it must still be an answer. */
const MADE_UP_PLAYER = "klas-balance-check";

/**
 * Asks whether the core can be asked: by `health_url`, any 2xx will do; without it by one lookup of a made-up
 * player, which must end as a lookup of an unknown player should: not found, or refused, or even a balance.
 * An open breaker is a no until its probe is due, so that traffic can come back and make the probe.
 */
export function checker(
  options: Options,
  { breaker, call, lookup }: { readonly breaker: Breaker; readonly call: Call; readonly lookup: Lookup },
  { log, isRehearsal }: Pick<OpenContext, "log" | "isRehearsal">,
): (signal: AbortSignal) => Promise<void> {
  const probe = options.health_url === undefined ? askForNobody : askHealth(options.health_url);

  async function askForNobody(signal: AbortSignal): Promise<void> {
    try {
      const answer = await lookup(madeUpQuery(), signal);
      if (isRehearsal && isBalance(answer)) {
        log.warn(
          `the core has a balance for the made-up player ${MADE_UP_PLAYER} too: does the request name the player?`,
        );
      }
    } catch (error) {
      throw new Error(`${plainWords(error, signal)} (lookup of the made-up player ${MADE_UP_PLAYER})`, {
        cause: error,
      });
    }
  }

  function askHealth(url: string): (signal: AbortSignal) => Promise<void> {
    // Credentials go to the core and nowhere else.
    const isCore = new URL(url).origin === new URL(options.url.replaceAll(/[{}]/g, "")).origin;
    const authorize = authorizer(isCore ? options.auth : undefined);
    return async (signal) => {
      try {
        const { status } = await call(authorize({ url, method: "GET", headers: {} }), signal);
        if (status < 200 || status > 299) throw new Error(`status ${status}`);
      } catch (error) {
        throw new Error(`${plainWords(error, signal)} (health_url)`, { cause: error });
      }
    };
  }

  return async (signal) => {
    const refusal = breaker.refusal();
    if (refusal !== undefined) throw new Error(refusal);
    await probe(signal);
  };
}

function isBalance(answer: LookupResult): boolean {
  return answer !== null && !("refused" in answer);
}

function madeUpQuery(): BalanceQuery {
  const id = crypto.randomUUID().replaceAll("-", "");
  return {
    playerId: MADE_UP_PLAYER,
    sessionId: MADE_UP_PLAYER,
    requestId: `${MADE_UP_PLAYER}-${id}`,
    timestamp: Date.now(),
    traceparent: `00-${id}-${id.slice(0, 16)}-00`,
  };
}

function plainWords(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "no answer in time";
  return error instanceof Error ? error.message : String(error);
}
