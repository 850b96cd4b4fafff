import { createHash, timingSafeEqual } from "node:crypto";
import { METRICS_CONTENT_TYPE, metricsText, type MetricsSnapshot } from "../observe/metrics.ts";
import { isRead, notAllowed, notFound } from "../answer/listener.ts";
import { serveOrExplain } from "../answer/port.ts";

/** What the admin listener tells. */
export interface AdminSubject {
  /** What is not ready, in words; nothing where all is well. */
  notReady(): Promise<readonly string[]>;
  /** What does not keep anybody from being answered, but wants to be known, such as a failed reload. */
  warnings(): readonly string[];
  metrics(): Promise<readonly MetricsSnapshot[]>;
}

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string | undefined;
}

export interface AdminListener {
  readonly url: string;
  stop(): void;
}

/** Nobody has anything to send here. */
const MAX_BODY_BYTES = 1024;
const IDLE_SECONDS = 30;

/** The listener for whoever runs the server: `/healthz`, `/readyz` and `/metrics` (spec 5). */
export function listenForAdmin({ host, port, token }: AdminOptions, subject: AdminSubject): AdminListener {
  const isAllowed = token === undefined ? () => true : bearerCheck(token);

  function guarded(answer: () => Response | Promise<Response>) {
    return (request: Request) => {
      if (!isAllowed(request)) {
        return new Response(null, { status: 401, headers: { "WWW-Authenticate": "Bearer" } });
      }
      return isRead(request) ? answer() : notAllowed("GET, HEAD");
    };
  }

  const server = serveOrExplain({ table: "admin", host, port }, () =>
    Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_BODY_BYTES,
      routes: {
        "/healthz": guarded(() => new Response("ok\n")),
        "/readyz": guarded(() => readiness(subject)),
        "/metrics": guarded(async () => {
          const text = await metricsText(await subject.metrics());
          return new Response(text, { headers: { "Content-Type": METRICS_CONTENT_TYPE } });
        }),
      },
      fetch: notFound,
    }),
  );
  return { url: server.url.href, stop: () => void server.stop(true) };
}

async function readiness(subject: AdminSubject): Promise<Response> {
  const notReady = await subject.notReady();
  const body = { ready: notReady.length === 0, not_ready: notReady, warnings: subject.warnings() };
  return Response.json(body, { status: body.ready ? 200 : 503 });
}

/** The scheme is in any case (RFC 9110, section 11.1). */
const BEARER = /^bearer +/i;

/** Compares hashes, which are of one length: so the time tells neither the token nor how long it is. */
function bearerCheck(token: string): (request: Request) => boolean {
  const expected = sha256(token);
  return (request) => {
    const header = request.headers.get("Authorization") ?? "";
    return BEARER.test(header) && timingSafeEqual(sha256(header.replace(BEARER, "")), expected);
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
