import type { BalanceQuery, LookupResult, OpenContext } from "../../src/plugin.ts";
import type { Breaker } from "./breaker.ts";
import type { Exchange } from "./exchange.ts";
import { NotNow, Unavailable } from "./failure.ts";
import type { Options } from "./options.ts";
import type { Lookup } from "./remember.ts";
import { authorizer } from "../shared/authorize.ts";
import { USER_AGENT } from "./request.ts";
import { speaksTls } from "./speaks-tls.ts";
import { isSameOrigin, originOf, pathOf } from "./url.ts";

/** A player that no core has. What comes back must still be an answer. */
const MADE_UP_PLAYER = "klas-balance-check";

interface Probes {
  readonly breaker: Breaker;
  readonly lookup: Lookup;
  /** Gives the status that the host of `health_url` answers with. */
  readonly health: Exchange<number> | undefined;
}

/**
 * Finds out whether the core can be asked. With `health_url`, any 2xx will do. Without it, one lookup of a made-up
 * player must end as for an unknown player: not found, or refused, or even a balance. While the breaker is open the
 * answer is no until its probe is due, so that traffic comes back and makes the probe.
 */
export function checker(
  options: Options,
  { breaker, lookup, health }: Probes,
  { log, isRehearsal }: Pick<OpenContext, "log" | "isRehearsal">,
): (signal: AbortSignal) => Promise<void> {
  const { health_url: healthUrl } = options;
  const probe = health === undefined || healthUrl === undefined ? askForNobody : askHealth(health, healthUrl);

  async function askForNobody(signal: AbortSignal): Promise<void> {
    try {
      const answer = await lookup(madeUpQuery(), signal);
      if (isRehearsal && isBalance(answer)) {
        log.warn(
          `the core has a balance for the made-up player ${MADE_UP_PLAYER} too: does the request name the player?`,
        );
      }
    } catch (error) {
      const words = plainWords(error);
      const hint = (await isAskedInPlain(error, signal)) ? "; it speaks TLS there: https:// is right" : "";
      throw new Error(
        `${words}${hint} (lookup of the made-up player ${MADE_UP_PLAYER})${hintAtStatus(words)}`,
        { cause: error },
      );
    }
  }

  /** Tried out for whoever is at the configuration. A core in operation must not get a TLS handshake every second. */
  async function isAskedInPlain(error: unknown, signal: AbortSignal): Promise<boolean> {
    const origin = originOf(options.url);
    if (!isRehearsal || signal.aborted) return false;
    if (origin.protocol === "https:" || options.proxy !== undefined) return false;
    // What answers in HTTP does not speak TLS there.
    if (!(error instanceof Unavailable) || error instanceof NotNow) return false;
    return await speaksTls(origin, signal);
  }

  function askHealth(ask: Exchange<number>, url: string): (signal: AbortSignal) => Promise<void> {
    // Credentials go to the core and nowhere else.
    const authorize = authorizer(isSameOrigin(url, options.url) ? options.auth : undefined);
    return async (signal) => {
      const headers = { "user-agent": USER_AGENT };
      authorize(headers, "");
      const request = { path: pathOf(url), method: "GET", headers, playerId: MADE_UP_PLAYER } as const;
      try {
        const status = await ask(request, signal);
        if (status < 200 || status > 299) throw new Error(`status ${status}`);
      } catch (error) {
        throw new Error(`${plainWords(error)} (health_url)`, { cause: error });
      }
    };
  }

  return async (signal) => {
    const refusal = breaker.refusal();
    if (refusal !== undefined) throw new Error(refusal);
    await probe(signal);
  };
}

/** A core may well refuse an id that none of its players could have. */
function hintAtStatus(words: string): string {
  if (/^status 40[13]$/.test(words)) return ": see auth, or set health_url";
  return /^status 4\d\d$/.test(words)
    ? ": set health_url, or say in not_found what the core answers for an unknown player"
    : "";
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

function plainWords(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
