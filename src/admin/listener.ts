import { isRead, notAllowed, notFound } from "../answer/listener.ts";
import { serveOrExplain } from "../answer/port.ts";
import { METRICS_CONTENT_TYPE, metricsText, type MetricsSnapshot } from "../observe/metrics.ts";
import { openAccess } from "./access.ts";
import { openEvents } from "./events.ts";
import { type ConsoleSubject, interfaceRoutes } from "./interface.ts";
import { pageRoutes, secured } from "./page-routes.ts";

/** What the admin listener tells. */
export interface AdminSubject {
  /** What is not ready, in words; nothing if all is well. */
  notReady(): Promise<readonly string[]>;
  /** What keeps nobody from being answered but wants to be known, such as a failed reload. */
  warnings(): readonly string[];
  metrics(): Promise<readonly MetricsSnapshot[]>;
  readonly console: ConsoleSubject;
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

/** A token or a player's id; nobody has more to send here. */
const MAX_BODY_BYTES = 16_384;
const IDLE_SECONDS = 30;

/** The listener for the people who run the server: health, readiness, metrics and the console (spec 5). */
export function listenForAdmin({ host, port, token }: AdminOptions, subject: AdminSubject): AdminListener {
  const access = openAccess(token);
  const events = openEvents(subject.console);

  const read = (answer: () => Response | Promise<Response>) => (request: Request) =>
    access.refusal(request) ?? (isRead(request) ? answer() : notAllowed("GET, HEAD"));
  const routes: Routes = {
    // Without a token it says no more than that something listens, so a balancer may ask it by any name.
    "/healthz": token === undefined ? alive : read(() => new Response("ok\n")),
    "/readyz": read(() => readiness(subject)),
    "/metrics": read(async () => {
      const text = await metricsText(await subject.metrics());
      return new Response(text, { headers: { "Content-Type": METRICS_CONTENT_TYPE } });
    }),
    ...pageRoutes(access),
    ...interfaceRoutes(subject.console, events, access),
  };
  const server = serveOrExplain({ table: "admin", host, port }, () =>
    Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_BODY_BYTES,
      routes: Object.fromEntries(Object.entries(routes).map(([path, answer]) => [path, securing(answer)])),
      fetch: () => secured(notFound()),
    }),
  );
  return {
    url: server.url.href,
    stop() {
      events.stop();
      void server.stop(true);
    },
  };
}

function alive(request: Request): Response {
  return isRead(request) ? new Response("ok\n") : notAllowed("GET, HEAD");
}

type Answer = (request: Bun.BunRequest) => Response | Promise<Response>;
type Routes = Readonly<Record<string, Answer>>;

function securing(answer: Answer): Answer {
  return async (request) => secured(await answer(request));
}

async function readiness(subject: AdminSubject): Promise<Response> {
  const notReady = await subject.notReady();
  const body = { ready: notReady.length === 0, not_ready: notReady, warnings: subject.warnings() };
  return Response.json(body, { status: body.ready ? 200 : 503 });
}
