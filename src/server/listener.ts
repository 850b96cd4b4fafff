import type { Log } from "../observe/log.ts";
import { handleBalance } from "./handler.ts";
import type { Service } from "./service.ts";

export interface Listener {
  /** `http://0.0.0.0:8080/balance`, with the port that was got where 0 was asked for. */
  readonly url: string;
  /** Accepts nothing more and resolves when the last answer is sent. */
  stop(): Promise<void>;
  /** Cuts every connection. */
  kill(): void;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  /** `webhook.path` */
  readonly path: string;
}

/** The public listener: the endpoint and `GET /healthz`, nothing else (spec 5). Throws where the port cannot be had. */
export function listen({ host, port, path }: ListenerOptions, current: () => Service, log: Log): Listener {
  const endpoint = endpointPath(path);
  const server = Bun.serve({
    hostname: host,
    port,
    // The limit is the handler's, which answers with a signature; Bun's own would answer without.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    routes: {
      "/healthz": (request: Request) => (isRead(request) ? new Response("ok\n") : notAllowed("GET, HEAD")),
      [endpoint]: (request: Request, bun: Bun.Server<undefined>) => {
        if (request.method !== "POST") return notAllowed("POST");
        return handleBalance(request, () => bun.requestIP(request)?.address ?? "", current(), log);
      },
    },
    fetch: () => new Response(null, { status: 404 }),
  });
  return {
    url: new URL(endpoint, server.url).href,
    stop: () => server.stop(),
    kill: () => void server.stop(true),
  };
}

/** `/balance` under the configured path: both `/klas` and `/klas/` give `/klas/balance`. */
export function endpointPath(path: string): string {
  return `${path.replace(/\/+$/, "")}/balance`;
}

function isRead(request: Request): boolean {
  return request.method === "GET" || request.method === "HEAD";
}

function notAllowed(allow: string): Response {
  return new Response(null, { status: 405, headers: { Allow: allow } });
}
