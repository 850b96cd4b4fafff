import { networkOf } from "../config/address.ts";
import type { Log } from "../observe/log.ts";

/**
 * Wrong tokens, by the network that they came from. After ten different ones within a minute it must wait until the
 * minute is over. The same one again is no guess: a page or a program that goes on asking with an old token shuts nobody
 * out.
 */
export interface Guesses {
  /** How long the caller must wait until a token of theirs is looked at; 0 if it is looked at now. */
  waitMs(request: Request): number;
  /** A token was wrong. `digest` tells it from others. */
  wrong(request: Request, digest: string): void;
  /** A token was right. */
  right(request: Request): void;
}

export interface GuessesOptions {
  /** Empty if it is not known. */
  readonly addressOf: (request: Request) => string;
  readonly log: Pick<Log, "warn">;
  readonly nowMs?: () => number;
}

const MAX_WRONG_TOKENS = 10;
const WINDOW_MS = 60_000;
/** Of more networks than these at a time, the others count as one: many addresses must not mean many guesses. */
const MAX_NETWORKS = 4096;

/** The networks that the right token came from last: no crowd takes their places. */
const MAX_KNOWN_NETWORKS = 64;

const OTHERS = "others";
/** It always counts for itself, so that no crowd shuts out who sits at the machine. */
const LOOPBACK = networkOf("::1");

interface Window {
  readonly endsMs: number;
  /** Digests of what was wrong. */
  readonly tried: Set<string>;
}

export function rememberGuesses({
  addressOf,
  log,
  nowMs = () => performance.now(),
}: GuessesOptions): Guesses {
  /** By network, in the order in which they end. */
  const windows = new Map<string, Window>();
  const known = new Set<string>();

  function forgetOver(): void {
    for (const [network, { endsMs }] of windows) {
      if (endsMs > nowMs()) return;
      windows.delete(network);
    }
  }

  function placeOf(address: string): string {
    forgetOver();
    const network = networkOf(address);
    const isOurs = network === LOOPBACK || known.has(network);
    return isOurs || windows.has(network) || windows.size < MAX_NETWORKS ? network : OTHERS;
  }

  function open(network: string, remote: string): Window {
    const opened = { endsMs: nowMs() + WINDOW_MS, tried: new Set<string>() };
    windows.set(network, opened);
    log.warn(
      `a wrong admin.token was tried; after ${MAX_WRONG_TOKENS} different ones in a minute its sender must wait`,
      { remote },
    );
    return opened;
  }

  return {
    waitMs(request) {
      const window = windows.get(placeOf(addressOf(request)));
      return window === undefined || window.tried.size < MAX_WRONG_TOKENS ? 0 : window.endsMs - nowMs();
    },
    wrong(request, digest) {
      const address = addressOf(request);
      const place = placeOf(address);
      const { tried } = windows.get(place) ?? open(place, address);
      tried.add(digest);
    },
    right(request) {
      const network = networkOf(addressOf(request));
      known.delete(network);
      const [oldest] = known.add(network).size > MAX_KNOWN_NETWORKS ? known : [];
      if (oldest !== undefined) known.delete(oldest);
    },
  };
}
