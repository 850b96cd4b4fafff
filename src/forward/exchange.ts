import http, { type IncomingHttpHeaders } from "node:http";
import https from "node:https";
import { createSecureContext, rootCertificates } from "node:tls";
import { urlToHttpOptions } from "node:url";
import { failureInWords } from "../../plugins/shared/exchange-failure.ts";
import type { ClientTls } from "../../plugins/shared/tls.ts";
import { reachCore } from "./reach.ts";

/** What came of sending a call to the core. */
export type CoreReply =
  | {
      readonly received: true;
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Uint8Array;
    }
  | { readonly received: false; readonly isLate: boolean; readonly problem: string };

export interface CoreOptions {
  readonly url: URL;
  readonly tls: ClientTls | undefined;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

export interface Core {
  readonly post: Post;
  /** Why it cannot be connected to, in words; `undefined` if it can. It is asked nothing. */
  readonly reach: () => Promise<string | undefined>;
}

/** Posts a body to the core; `endpoint` is the last part of the address. Never rejects. */
export type Post = (
  endpoint: string,
  headers: Readonly<Record<string, string>>,
  body: Uint8Array,
) => Promise<CoreReply>;

/**
 * Each call is sent once, over a connection of its own that ends with it. A call on a kept connection may cross with
 * the core closing it, and nobody would know whether the core saw it; these calls move money.
 */
export function openCore({ url, tls, timeoutMs, maxResponseBytes }: CoreOptions): Core {
  const { protocol, hostname, port } = urlToHttpOptions(url);
  const folder = url.pathname.replace(/\/+$/, "");
  const isSecure = protocol === "https:";
  // Both are set, or else the environment decides: NODE_EXTRA_CA_CERTS, NODE_TLS_REJECT_UNAUTHORIZED.
  const secureContext = isSecure ? createSecureContext({ ca: [...rootCertificates], ...tls }) : undefined;
  const agent = isSecure
    ? new https.Agent({ keepAlive: false, secureContext, rejectUnauthorized: true })
    : new http.Agent({ keepAlive: false });
  const begin = isSecure ? https.request : http.request;

  const post: Post = (endpoint, headers, body) =>
    new Promise((resolve) => {
      const path = `${folder}/${endpoint}`;
      let phase = "connecting to the core";
      const outgoing = begin({ protocol, hostname, port, method: "POST", path, headers, agent });
      const deadline = setTimeout(() => {
        end({ received: false, isLate: true, problem: `no answer within ${timeoutMs} ms, still ${phase}` });
      }, timeoutMs);
      let isOver = false;

      function end(reply: CoreReply): void {
        if (isOver) return;
        isOver = true;
        clearTimeout(deadline);
        resolve(reply);
        outgoing.destroy();
        outgoing.socket?.destroy();
      }
      function fail(error: unknown): void {
        end({ received: false, isLate: false, problem: `${url.host}: ${failureInWords(error)}` });
      }

      outgoing.on("finish", () => (phase = "waiting for it"));
      outgoing.on("error", fail);
      // If nothing ended it before, this does.
      outgoing.on("close", () => fail(undefined));
      outgoing.on("response", (incoming) => {
        phase = "reading it";
        const chunks: Uint8Array[] = [];
        let length = 0;
        incoming.on("error", fail);
        incoming.on("data", (chunk: Uint8Array) => {
          length += chunk.byteLength;
          chunks.push(chunk);
          if (length <= maxResponseBytes) return;
          const problem = `${url.host}: the answer has more than ${maxResponseBytes} bytes`;
          end({ received: false, isLate: false, problem });
        });
        incoming.on("end", () => {
          const { statusCode: status = 0, headers: replyHeaders, complete } = incoming;
          if (!complete) return fail(undefined);
          end({ received: true, status, headers: replyHeaders, body: Buffer.concat(chunks, length) });
        });
      });
      outgoing.end(body);
    });

  return { post, reach: () => reachCore(url, secureContext, timeoutMs) };
}
