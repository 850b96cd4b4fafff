import { isLoopback } from "../config/address.ts";
import type { Config } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { sign, SIGNATURE_HEADER, signingKey } from "../protocol/signature.ts";
import { endpointSpeaksTls } from "./connection.ts";
import { REFUSED } from "./dial.ts";
import { type EndpointAddress, endpointOf } from "./endpoint-address.ts";
import { statusHint } from "./first-call.ts";
import { headerValues } from "./http-reply.ts";
import { sendTo } from "./http-request.ts";
import { replyContent } from "./reply-content.ts";
import { listenerOrigin, signedCall } from "./signed-call.ts";

/** Where a call goes, and what signs it. */
export interface Target {
  readonly endpoint: EndpointAddress;
  readonly secret: string;
  /** The server of the configuration, on this machine. */
  readonly isOurs: boolean;
}

/** The result of a call. */
export interface BalanceCallResult {
  readonly request_id: string;
  readonly http_status: number;
  readonly status_code: string | null;
  readonly balance: string | null;
  readonly signature: "valid" | "missing" | "wrong";
  readonly duration_ms: number;
  /** What the HTTP status may mean. */
  readonly hint: string | undefined;
}

/** The server that runs with a configuration, on this machine. */
export function ourTarget({ server, webhook }: Config): Target {
  const origin = listenerOrigin(server.tls === undefined ? "http" : "https", server);
  const endpoint = endpointOf(origin + webhook.path);
  if (endpoint === undefined) {
    throw new Failure(`server.host is not an address that can be called: ${origin}`, 2);
  }
  // It is asked by an address of this machine, which its certificate does not name.
  return { endpoint: { ...endpoint, trustsAnyCertificate: true }, secret: webhook.secrets[0], isOurs: true };
}

/** Makes a signed call as Klas Gaming would. Throws, with a message for the user, if there is no answer. */
export async function callBalance(
  { endpoint, secret, isOurs }: Target,
  playerId: string,
  timeoutMs: number,
): Promise<BalanceCallResult> {
  const { requestId, body, signature } = signedCall(secret, playerId);
  const startedMs = performance.now();
  const reply = await sendTo(endpoint, timeoutMs, {
    method: "POST",
    path: endpoint.path,
    headers: [
      ["Content-Type", "application/json"],
      [SIGNATURE_HEADER, signature],
    ],
    body: Buffer.from(body),
    chunked: false,
  });
  const durationMs = performance.now() - startedMs;
  if ("noReply" in reply) {
    const isRefused = reply.noReply === REFUSED && (isOurs || isLoopback(endpoint.host));
    const hint = isRefused ? `: nothing listens there${NOT_RUNNING}` : "";
    const wrongScheme = (await endpointSpeaksTls(endpoint, timeoutMs)) ? WRONG_SCHEME : "";
    throw new Failure(`no answer from ${endpoint.url}: ${reply.noReply}${hint}${wrongScheme}`, 1);
  }
  const { statusCode, balance } = replyContent(reply);
  const header = headerValues(reply, SIGNATURE_HEADER)[0]?.toLowerCase();
  return {
    request_id: requestId,
    http_status: reply.status,
    status_code: statusCode ?? null,
    balance: balance?.isText === true ? balance.text : null,
    signature:
      header === undefined ? "missing" : header === sign(reply.body, signingKey(secret)) ? "valid" : "wrong",
    duration_ms: Math.round(durationMs * 1000) / 1000,
    hint: isOurs && [404, 405].includes(reply.status) ? NOT_OURS : statusHint(reply),
  };
}

/** What is asked if nothing listens where a server of ours should. */
export const NOT_RUNNING = '; is "klas-balance serve" running?';

const NOT_OURS = "is it another program that listens there, or was webhook.path changed without a reload?";

const WRONG_SCHEME = "; it speaks TLS there: the URL begins with https://";
