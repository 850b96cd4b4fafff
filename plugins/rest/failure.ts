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

const WORDS = new Map([
  ["ENOTFOUND", "the name cannot be resolved"],
  ["EAI_AGAIN", "the name cannot be resolved"],
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection closed before the answer was complete"],
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "no route to the network"],
  ["ETIMEDOUT", "no connection in time"],
  ["EPROTO", "the TLS handshake failed"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the TLS certificate is for another name"],
  ["CERT_HAS_EXPIRED", "the TLS certificate has expired"],
]);

/** What went wrong in a call that `fetch` gave up, in plain words; a reason to stop is passed on as it is. */
export function callFailure(error: unknown, host: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  const code = codeOf(error);
  const words =
    WORDS.get(code) ??
    (/CERT|SIGNATURE/.test(code) ? "the TLS certificate is not trusted" : "the call failed");
  return new Unavailable(`${host}: ${words}${WORDS.has(code) ? "" : ` (${code})`}`);
}

/** The name of a system or TLS error; messages are not passed on, for they show the address. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "unknown";
  return typeof error.code === "string" ? error.code : "unknown";
}
