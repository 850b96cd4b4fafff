import type { OpenContext } from "../../src/plugin.ts";

export interface BreakerOptions {
  readonly failures: number;
  readonly open_seconds: number;
}

/**
 * A circuit breaker. After so many failed calls in a row it opens and no call is made. After `open_seconds` one call
 * is let through as a probe, and its result closes the breaker or opens it again.
 */
export interface Breaker {
  /** `probe due`: it lets the next call through, and has not closed. */
  state(): "closed" | "open" | "probe due";
  /** Why no call may be made now, or `undefined`. */
  refusal(): string | undefined;
  /** Announces a call that `refusal` allows. Its end must be reported by `settle` or `drop`. */
  begin(): PendingCall;
  /** `failure` is what to say of it in the log, or `undefined` if the core answered. */
  settle(call: PendingCall, failure: string | undefined): void;
  /** For a call that proves nothing either way: the count of failures stays, and after a probe another one is due. */
  drop(call: PendingCall): void;
}

interface PendingCall {
  readonly isProbe: boolean;
}

const ORDINARY: PendingCall = { isProbe: false };
const PROBE: PendingCall = { isProbe: true };

export function breaker(
  { failures, open_seconds }: BreakerOptions,
  { log, count }: Pick<OpenContext, "log" | "count">,
): Breaker {
  let failuresInARow = 0;
  let lastFailure = "";
  let probing = false;
  /** By the monotonic clock: a wall clock that is set back would keep the breaker open. */
  let openUntilMs: number | undefined;

  function open(failure: string): void {
    lastFailure = failure;
    if (openUntilMs === undefined) {
      count("breaker_opened");
      log.warn("circuit breaker opened", { failures: failuresInARow, open_seconds, last_failure: failure });
    } else {
      log.debug("circuit breaker stays open", { open_seconds, last_failure: failure });
    }
    openUntilMs = performance.now() + open_seconds * 1000;
  }

  function close(): void {
    openUntilMs = undefined;
    count("breaker_closed");
    log.info("circuit breaker closed");
  }

  function state(): ReturnType<Breaker["state"]> {
    if (openUntilMs === undefined) return "closed";
    return !probing && performance.now() >= openUntilMs ? "probe due" : "open";
  }

  return {
    state,
    refusal() {
      if (state() !== "open") return undefined;
      return `circuit breaker open, last failure: ${lastFailure}`;
    },
    begin() {
      if (openUntilMs === undefined) return ORDINARY;
      probing = true;
      count("breaker_probed");
      log.debug("circuit breaker lets one call through");
      return PROBE;
    },
    settle({ isProbe }, failure) {
      // A call from before the breaker opened says nothing about the core now.
      if (openUntilMs !== undefined && !isProbe) return;
      if (isProbe) probing = false;
      failuresInARow = failure === undefined ? 0 : failuresInARow + 1;
      if (failure === undefined && isProbe) close();
      if (failure !== undefined && (isProbe || failuresInARow >= failures)) open(failure);
    },
    drop({ isProbe }) {
      if (isProbe) probing = false;
    },
  };
}
