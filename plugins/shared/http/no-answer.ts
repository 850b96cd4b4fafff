/**
 * An exchange ended without an answer: no connection, one that was lost, or bytes that are not sound HTTP. `code` is the
 * system's or the TLS library's name of it; of unsound HTTP, the name that most HTTP parsers share (`HPE_…`).
 */
export class NoAnswer extends Error {
  override name = "NoAnswer";
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

/** The connection is gone. Without an error, the peer closed it before the answer was complete. */
export function lostBecause(error: unknown): NoAnswer {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (typeof code === "string") return new NoAnswer(code);
  return new NoAnswer(error === undefined || error === null ? "ECONNRESET" : "unknown");
}

/** An answer longer than the limit, counted as it was sent and, where that is done, again unpacked. */
export class TooLong extends Error {
  override name = "TooLong";

  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes (max_response_bytes)`);
  }
}
