import { failureInWords } from "../shared/exchange-failure.ts";
import type { NoAnswer } from "../shared/http/no-answer.ts";

/**
 * The core could not be asked: no connection, or an answer that says "not now". Worth another try,
 * and what the circuit breaker counts. Its message is for the log, so it names no address beyond host and port.
 */
export class Unavailable extends Error {
  override name = "Unavailable";
  /** The wait that the core asked for by `Retry-After`. */
  readonly retryAfterMs: number;

  constructor(message: string, waitMs = 0) {
    super(message);
    this.retryAfterMs = waitMs;
  }
}

/** The core answered, and its answer says "not now". */
export class NotNow extends Unavailable {
  override name = "NotNow";
}

/**
 * The core answered with a server error that another try will not mend. It may be one player's trouble or the whole
 * core's, so for the circuit breaker it is neither a failure nor a sign of health.
 */
export class ServerError extends Error {
  override name = "ServerError";
}

/**
 * Probably the connection's fault: a kept one was closed just as it was used, or what came is not sound HTTP and may
 * be the rest of an earlier answer. Worth another try; for the circuit breaker it counts as a server error does.
 */
export class BadConnection extends Unavailable {
  override name = "BadConnection";
}

/** The answer is to another question. So may be whatever shares connections with this one. */
export class WrongEcho extends Error {
  override name = "WrongEcho";
}

/** Describes in plain words what went wrong in an exchange. `isStale`: on a kept connection, before any answer. */
export function exchangeFailure(failure: NoAnswer, core: string, isStale: boolean): Unavailable {
  const message = `${core}: ${failureInWords(failure)}`;
  const { code } = failure;
  const isConnectionsOwn = code.startsWith("HPE_") || (isStale && /^(?:ECONNRESET|EPIPE)$/.test(code));
  return isConnectionsOwn ? new BadConnection(message) : new Unavailable(message);
}

/** How far a call had got: in the queue, connecting, waiting for the answer, reading its body, between two tries. */
type Phase = keyof typeof STILL;

const STILL = {
  queue: (core: string) => `still in the queue for ${core} (max_concurrency)`,
  connect: (core: string) => `still connecting to ${core}`,
  wait: (core: string) => `still waiting for ${core} to begin its answer`,
  body: (core: string) => `still reading the body of ${core}'s answer`,
  pause: (core: string) => `about to ask ${core} again`,
};

/** Why a call ended with its signal: at the deadline, how far it had got; otherwise the signal's reason. */
export function lateness(phase: Phase, core: string, { reason }: AbortSignal): unknown {
  if (!(reason instanceof DOMException && reason.name === "TimeoutError")) return reason;
  return new Error(STILL[phase](core), { cause: reason });
}

/** How long `Retry-After` asks to wait: seconds or an HTTP date (RFC 9110, section 10.2.3). 0 for anything else. */
export function retryAfterMs(header: string | undefined, nowMs = Date.now()): number {
  if (header === undefined) return 0;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? 0 : Math.max(0, dateMs - nowMs);
}
