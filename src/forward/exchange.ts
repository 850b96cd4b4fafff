import { failureInWords } from "../../plugins/shared/exchange-failure.ts";
import { type Connection, connectionBy } from "../../plugins/shared/http/connection.ts";
import { dialTo } from "../../plugins/shared/http/dial.ts";
import { NoAnswer, TooLong } from "../../plugins/shared/http/no-answer.ts";
import { requestWriter } from "../../plugins/shared/http/request-bytes.ts";
import type { HttpResponse } from "../../plugins/shared/http/response-parser.ts";
import { clientContext, type ClientTls } from "../../plugins/shared/tls.ts";
import { reachCore } from "./reach.ts";

/** What came of sending a call to the core. */
export type CoreReply =
  | ({ readonly received: true } & Pick<HttpResponse, "status" | "headers" | "body">)
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

/** Posts a body to the core; `endpoint` is the last part of the address. Rejects only because of a bug. */
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
  const folder = url.pathname.replace(/\/+$/, "");
  const secureContext = url.protocol === "https:" ? clientContext(tls) : undefined;
  const dial = dialTo({ origin: url, secureContext });
  const write = requestWriter({ origin: url, isKeepAlive: false });
  const limits = { needsBody: isSuccess, maxBytes: maxResponseBytes };

  const post: Post = async (endpoint, headers, body) => {
    const request = write({ method: "POST", path: `${folder}/${endpoint}`, headers, body });
    const connection = connectionBy(dial);
    const deadline = setTimeout(() => connection.end(LATE), timeoutMs);
    try {
      const response = await connection.ask(request, limits);
      return { received: true, status: response.status, headers: response.headers, body: response.body };
    } catch (error) {
      return { received: false, isLate: error === LATE, problem: problemOf(error, connection) };
    } finally {
      clearTimeout(deadline);
      connection.end();
    }
  };

  function problemOf(error: unknown, { progress }: Connection): string {
    if (error === LATE) return `no answer within ${timeoutMs} ms, still ${STILL[progress]}`;
    if (error instanceof TooLong) return `${url.host}: the answer has more than ${maxResponseBytes} bytes`;
    if (error instanceof NoAnswer) return `${url.host}: ${failureInWords(error)}`;
    throw error;
  }

  return { post, reach: () => reachCore(url, secureContext, timeoutMs) };
}

const LATE = new Error("the core is late");

const STILL: Readonly<Record<Connection["progress"], string>> = {
  connecting: "connecting to the core",
  waiting: "waiting for it",
  reading: "reading it",
};

/** Of any other answer only the status is used. */
function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}
