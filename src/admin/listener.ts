import { answeringBugs } from "../answer/bug.ts";
import { callerOf } from "../answer/caller-address.ts";
import { notFound } from "../answer/listener.ts";
import { serveOrExplain } from "../answer/port.ts";
import type { Log } from "../observe/log.ts";
import { openAccess } from "./access.ts";
import { openEvents } from "./events.ts";
import { rememberGuesses } from "./guesses.ts";
import { adminRoutes, type AdminSubject, type RouteAnswer } from "./routes.ts";

export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string | undefined;
}

export interface AdminListener {
  readonly url: string;
  stop(): void;
}

/** Nobody has more to send here than a token or a player's id. */
const MAX_BODY_BYTES = 16_384;
const IDLE_SECONDS = 30;

/** What a browser may do with the page: run and show what came from here, nothing else (spec 5). */
const SECURITY_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // After an upgrade, a browser must not show the old binary's page.
  "Cache-Control": "no-store",
} as const;

/** The listener for the people who run the server: health, readiness, metrics and the console (spec 5). */
export function listenForAdmin(
  { host, port, token }: AdminOptions,
  subject: AdminSubject,
  log: Log,
): AdminListener {
  const bugs = answeringBugs(() => log);
  const guesses = rememberGuesses({ addressOf, log });
  const access = openAccess(token, guesses);
  const events = openEvents(subject.console);
  const routes = Object.entries(adminRoutes(subject, events, access));
  const server = serveOrExplain({ table: "admin", host, port }, () =>
    Bun.serve({
      hostname: host,
      port,
      ...bugs,
      // Without development the runtime lets programs share a port unless it is told not to.
      reusePort: false,
      error: (error) => secured(bugs.error(error)),
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_BODY_BYTES,
      routes: Object.fromEntries(routes.map(([path, answer]) => [path, securing(answer)])),
      fetch: () => secured(notFound()),
    }),
  );

  function addressOf(request: Request): string {
    const peer = server.requestIP(request)?.address ?? "";
    return callerOf(peer, request.headers.get("X-Forwarded-For"), subject.trustedProxies()).address;
  }

  return {
    url: server.url.href,
    stop() {
      events.stop();
      void server.stop(true);
    },
  };
}

/** Adds the headers that keep other sites from using an answer of the admin listener. */
function secured(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  return response;
}

function securing(answer: RouteAnswer): RouteAnswer {
  return async (request) => secured(await answer(request));
}
