import { includesAddress } from "../config/address.ts";
import type { Config } from "../config/load.ts";
import type { Transport } from "./call.ts";
import { answeringBugs } from "./bug.ts";
import { callerOf } from "./caller-address.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointsOf } from "./endpoints.ts";
import { handleCall } from "./handler.ts";
import { hasSoundHost } from "./host-header.ts";
import { serveOrExplain } from "./port.ts";
import type { Service } from "./service.ts";
import type { ServerTls } from "./tls.ts";
import { nextTurn } from "./turn.ts";

export interface Listener {
  /** `http://0.0.0.0:8080/balance`, with the port that was assigned if 0 was asked for. */
  readonly url: string;
  readonly port: number;
  /** Follows `webhook.path`, and which endpoints there are below it. */
  follow(webhook: Config["webhook"]): void;
  /** From now on each answer closes its connection. */
  retire(): void;
  /** Retires, and resolves once clients have had the time to take notice. Until then calls are still accepted. */
  settle(): Promise<void>;
  /** Accepts nothing more, closes quiet connections, and resolves when the last answer is sent. After `settle`. */
  stop(): Promise<void>;
  /** Cuts every connection. */
  kill(): void;
}

export interface ListenerOptions {
  readonly host: string;
  readonly port: number;
  readonly webhook: Config["webhook"];
  readonly tls: ServerTls | undefined;
  /** Lets another listener of ours have the same port at the same time. */
  readonly sharesPort: boolean;
}

/**
 * The runtime closes quiet connections at once when it stops listening, even if a request is on its way.
 * For this long every answer asks the client to close the connection instead, which no request can cross.
 */
const SETTLE_MS = 250;

/** A connection on which nothing happens is closed; longer than common clients keep theirs. */
const IDLE_SECONDS = 75;

/** What a body and its deadline's sweep may take of that, before the answer is waited for. */
const BODY_SECONDS = 15;

/** The public listener: the endpoints and `GET /healthz`, nothing else (spec 5). Throws if the port cannot be had. */
export function listen(options: ListenerOptions, current: () => Service): Listener {
  let isRetired = false;

  const transport: Transport = {
    callerOf(request) {
      const { trustedProxies } = current();
      const peer = server.requestIP(request)?.address ?? "";
      const forwardedFor = trustedProxies && request.headers.get("X-Forwarded-For");
      return callerOf(peer, forwardedFor ?? null, trustedProxies);
    },
    isEnding: (request) => isRetired || announcesTrailer(request),
  };

  function answer(endpoint: Endpoint, request: Request, arrivedMs: number): Response | Promise<Response> {
    const service = current();
    if (service.allowedIps !== undefined) {
      const { address, unreadableHop } = transport.callerOf(request);
      if (!includesAddress(service.allowedIps, address)) {
        const hop = unreadableHop === undefined ? {} : { unreadable_hop: unreadableHop };
        service.log.warn("a caller outside server.allow_ips was turned away", { remote: address, ...hop });
        return new Response(null, { status: 403 });
      }
    }
    if (request.method !== "POST") return notAllowed("POST");
    const answering = handleCall(endpoint, request, arrivedMs, transport, current);
    const mayTakeSeconds = endpoint.timeoutMs(service) / 1000 + BODY_SECONDS;
    return mayTakeSeconds < IDLE_SECONDS ? answering : whileNotIdle(answering, request, server);
  }

  function routes(webhook: Config["webhook"]) {
    const answers = endpointsOf(webhook).map((endpoint) => {
      return [
        endpointPath(webhook.path, endpoint.name),
        inTurn((request, arrivedMs) => answer(endpoint, request, arrivedMs)),
      ] as const;
    });
    return { ...Object.fromEntries(answers), "/healthz": inTurn(health) };
  }

  function retire(): void {
    isRetired = true;
  }

  const { host, port, tls, sharesPort } = options;
  const server = serveOrExplain({ table: "server", host, port }, () =>
    Bun.serve({
      hostname: host,
      port,
      reusePort: sharesPort,
      ...answeringBugs(() => current().log),
      idleTimeout: IDLE_SECONDS,
      // The limit is the handler's, which answers with a signature; the runtime's own would answer without.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      routes: routes(options.webhook),
      fetch: inTurn(notFound),
      ...(tls === undefined ? {} : { tls }),
    }),
  );
  return {
    url: new URL(endpointPath(options.webhook.path), server.url).href,
    port: server.port ?? port,
    follow: (webhook) => void server.reload({ routes: routes(webhook), fetch: inTurn(notFound) }),
    retire,
    async settle() {
      retire();
      await Bun.sleep(SETTLE_MS);
    },
    stop: () => server.stop(),
    kill: () => void server.stop(true),
  };
}

/** To wait for an answer is not to be idle; the runtime sees no difference. The call has a deadline of its own. */
async function whileNotIdle(
  answering: Promise<Response>,
  request: Request,
  server: Bun.Server<undefined>,
): Promise<Response> {
  server.timeout(request, 0);
  const response = await answering;
  server.timeout(request, IDLE_SECONDS);
  return response;
}

type Answer = (request: Request, arrivedMs: number) => Response | Promise<Response>;

/** Begins an answer when its turn has come, if the request can be meant for us at all. */
function inTurn(answer: Answer) {
  return (request: Request, server: Bun.Server<undefined>): Response | Promise<Response> => {
    if (!hasSoundHost(request)) return new Response(null, { status: 400, headers: { Connection: "close" } });
    const arrivedMs = performance.now();
    const next = nextTurn(request, server);
    if (next === undefined) return answer(request, arrivedMs);
    return next.then(() => answer(request, arrivedMs));
  };
}

/**
 * The runtime takes a trailer (RFC 9112, section 7.1.2) for the next request and sends a 400 behind the answer. A client
 * that was told that the connection ends does not take that for the answer to its next call.
 */
function announcesTrailer({ headers }: Request): boolean {
  return headers.has("Trailer");
}

function health(request: Request): Response {
  return isRead(request) ? new Response("ok\n") : notAllowed("GET, HEAD");
}

/** An endpoint under the configured path: both `/klas` and `/klas/` give `/klas/balance`. */
export function endpointPath(path: string, name = "balance"): string {
  return `${path.replace(/\/+$/, "")}/${name}`;
}

export function isRead(request: Request): boolean {
  return request.method === "GET" || request.method === "HEAD";
}

export function notAllowed(allow: string): Response {
  return new Response(null, { status: 405, headers: { Allow: allow } });
}

export function notFound(): Response {
  return new Response(null, { status: 404 });
}
