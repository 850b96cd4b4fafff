import { withoutBrackets } from "../config/address.ts";
import type { BalanceRequest } from "../protocol/request.ts";
import { sign, signingKey, SIGNATURE_HEADER } from "../protocol/signature.ts";

/** A request as Klas makes it, and its signature over exactly these characters. */
export interface SignedCall {
  readonly requestId: string;
  readonly body: string;
  readonly signature: string;
}

/** Makes a balance request for a player with fresh ids and the current time. */
export function signedCall(secret: string, playerId: string): SignedCall {
  const request: BalanceRequest = {
    request_id: crypto.randomUUID(),
    timestamp: Math.floor(Date.now() / 1000),
    session_id: crypto.randomUUID(),
    player_id: playerId,
  };
  const body = JSON.stringify(request);
  return { requestId: request.request_id, body, signature: sign(body, signingKey(secret)) };
}

/** The same as a command for a POSIX shell. It is a signature, not the secret, that it shows. */
export function signedCurl(url: string, secret: string, playerId: string): string {
  const { body, signature } = signedCall(secret, playerId);
  return [
    `curl -i -X POST ${inShellQuotes(reachable(url))}`,
    `-H 'Content-Type: application/json'`,
    `-H '${SIGNATURE_HEADER}: ${signature}'`,
    `-d ${inShellQuotes(body)}`,
  ].join(" \\\n  ");
}

/** A URL that leads to a server which listens on every address. */
function reachable(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

/** Where a listener of this machine is reached; `host` is as in the configuration, `::1` or `[::1]`. */
export function listenerOrigin(
  scheme: "http" | "https",
  { host, port }: { readonly host: string; readonly port: number },
): string {
  const bare = withoutBrackets(host);
  return reachable(`${scheme}://${bare.includes(":") ? `[${bare}]` : bare}:${port}`);
}

/** A text as one word of a POSIX shell's command line. */
export function inShellQuotes(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
