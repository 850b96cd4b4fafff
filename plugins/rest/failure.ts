/**
 * The core could not be asked: no connection, or an answer that says "not now". Worth another try,
 * and what the circuit breaker counts. Its message is for the log, so it names no address beyond host and port.
 */
export class Unavailable extends Error {
  override name = "Unavailable";
  /** What the core asked for by `Retry-After`. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs = 0) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The core answered with a server error that another try will not mend. It may be one player's trouble or the whole
 * core's, so for the circuit breaker it is neither a failure nor a sign of health.
 */
export class ServerError extends Error {
  override name = "ServerError";
}

/** The answer is to another question: whatever shares connections with this one may be, too. */
export class WrongEcho extends Error {
  override name = "WrongEcho";
}

const CUT_OFF = "connection closed before the answer was complete";

const WORDS = new Map([
  ["ENOTFOUND", "the name cannot be resolved"],
  ["EAI_AGAIN", "the name cannot be resolved"],
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", CUT_OFF],
  ["EPIPE", CUT_OFF],
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "no route to the network"],
  ["ETIMEDOUT", "no connection in time"],
  ["EPROTO", "the TLS handshake failed"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "there is no TLS on this port: http:// or another port is right"],
  ["ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED", "it asks for a client certificate, see tls.cert and tls.key"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the TLS certificate is for another name"],
  ["CERT_HAS_EXPIRED", "the TLS certificate has expired"],
  ["ERR_PROXY_TUNNEL", "the proxy did not let the connection through"],
]);

/** Those that have no words of their own, by the beginning of their codes. */
const KINDS: readonly (readonly [start: RegExp, words: string])[] = [
  [/^HPE_/, "what it sent is not sound HTTP"],
  [/^ERR_SSL/, "the TLS handshake failed"],
  [/CERT|SIGNATURE|ISSUER/, "the TLS certificate is not trusted, see tls.ca"],
];

/** What went wrong in an exchange, in plain words. Nothing went wrong and yet there was no answer: it was cut off. */
export function exchangeFailure(error: unknown, core: string): Unavailable {
  const code = error === undefined ? "ECONNRESET" : codeOf(error);
  const words = WORDS.get(code);
  if (words !== undefined) return new Unavailable(`${core}: ${words}`);
  const kind = KINDS.find(([start]) => start.test(code))?.[1] ?? "the call failed";
  return new Unavailable(`${core}: ${kind} (${code})`);
}

/** The name of a system or TLS error; messages are not passed on, for they show the address. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "unknown";
  return typeof error.code === "string" ? error.code : "unknown";
}

/** How far a call had come: in the queue, connecting, waiting for the answer, reading its body, between two tries. */
export type Phase = keyof typeof STILL;

const STILL = {
  queue: (core: string) => `still in the queue for ${core} (max_concurrency)`,
  connect: (core: string) => `still connecting to ${core}`,
  wait: (core: string) => `still waiting for ${core} to begin its answer`,
  body: (core: string) => `still reading the body of ${core}'s answer`,
  pause: (core: string) => `about to ask ${core} again`,
};

/** Why a call ended with its signal: at the deadline, how far it had come; else the reason that the signal has. */
export function lateness(phase: Phase, core: string, { reason }: AbortSignal): unknown {
  if (!(reason instanceof DOMException && reason.name === "TimeoutError")) return reason;
  return new Error(STILL[phase](core), { cause: reason });
}
