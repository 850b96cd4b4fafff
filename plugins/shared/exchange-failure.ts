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
  ["ERR_SSL_WRONG_VERSION_NUMBER", "there is no TLS on this port: use http:// or another port"],
  ["ERR_SSL_TLSV1_ALERT_CERTIFICATE_REQUIRED", "it asks for a client certificate, see tls.cert and tls.key"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "the TLS certificate is for another name"],
  ["CERT_HAS_EXPIRED", "the TLS certificate has expired"],
  ["ERR_PROXY_TUNNEL", "the proxy did not let the connection through"],
]);

/** Errors without a text of their own, by the beginning of their code. */
const KINDS: readonly (readonly [start: RegExp, words: string])[] = [
  [/^HPE_/, "what it sent is not sound HTTP"],
  [/^ERR_SSL/, "the TLS handshake failed"],
  [/CERT|SIGNATURE|ISSUER/, "the TLS certificate is not trusted, see tls.ca"],
];

/** Describes in plain words what went wrong in an exchange. Without an error the answer was cut off. */
export function failureInWords(error: unknown): string {
  const code = error === undefined ? "ECONNRESET" : codeOf(error);
  const words = WORDS.get(code);
  if (words !== undefined) return words;
  const kind = KINDS.find(([start]) => start.test(code))?.[1] ?? "the call failed";
  return `${kind} (${code})`;
}

/** The name of a system or TLS error. Messages are not passed on, because they show the address. */
function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "unknown";
  return typeof error.code === "string" ? error.code : "unknown";
}
