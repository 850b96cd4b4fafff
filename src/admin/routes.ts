import type { BlockList } from "node:net";
import * as v from "valibot";
import { isRead, notAllowed } from "../answer/listener.ts";
import { METRICS_CONTENT_TYPE, metricsText, type MetricsSnapshot } from "../observe/metrics.ts";
import type { FailedBody } from "../observe/recorder.ts";
import { type Access, problem, type AccessRefusal } from "./access.ts";
import type { ConsoleSubject } from "./console.ts";
import type { Events } from "./events.ts";
import { describeFailed } from "./failed-bodies.ts";
import { pageAssets } from "./page-assets.ts";
import { callRequestSchema } from "./shapes.ts";

/** What the admin listener tells. */
export interface AdminSubject {
  /** What is not ready, as text; empty if all is well. */
  notReady(): Promise<readonly string[]>;
  /** Problems that do not keep calls from being answered but should be known, such as a failed reload. */
  warnings(): readonly string[];
  metrics(): Promise<readonly MetricsSnapshot[]>;
  /** Whose `X-Forwarded-For` is believed. */
  trustedProxies(): BlockList | undefined;
  readonly console: ConsoleSubject;
}

export type RouteAnswer = (request: Bun.BunRequest) => Response | Promise<Response>;

/** Every address of the admin listener, each behind its guard. What `/api` answers with is in `shapes.ts`. */
export function adminRoutes(
  subject: AdminSubject,
  events: Events,
  access: Access,
): Readonly<Record<string, RouteAnswer>> {
  const { console } = subject;
  const readAfter =
    (refusal: AccessRefusal) =>
    (answer: RouteAnswer): RouteAnswer =>
    (request) =>
      refusal(request) ?? (isRead(request) ? answer(request) : notAllowed("GET, HEAD"));
  const read = readAfter(access.refusal);
  const readByProgram = readAfter(access.refusalOfProgram);
  const act =
    (answer: RouteAnswer): RouteAnswer =>
    (request) =>
      access.refusalOfAction(request) ?? (request.method === "POST" ? answer(request) : notAllowed("POST"));
  // The page's files are the program's own and disclose nothing, so they need no token. They are not served under a
  // foreign name either.
  const file = servePage();
  const pageFile = (name: string) => readAfter(access.refusalOfPage)(() => file(name));

  return {
    "/": pageFile("index.html"),
    "/page/main.js": pageFile("main.js"),
    "/page/style.css": pageFile("style.css"),
    "/page/icon.svg": pageFile("icon.svg"),

    "/healthz": readAfter(access.refusalOfProbe)(() => new Response("ok\n")),
    "/readyz": readByProgram(() => readiness(subject)),
    "/metrics": readByProgram(async () => {
      const text = await metricsText(await subject.metrics());
      return new Response(text, { headers: { "Content-Type": METRICS_CONTENT_TYPE } });
    }),

    "/api/login": (request: Request) =>
      request.method === "POST" ? access.login(request) : notAllowed("POST"),
    "/api/status": read(async () => {
      await console.refresh();
      return Response.json(console.status());
    }),
    "/api/series": read(({ url }) => {
      const step = parameter(url, "step") === "minute" ? "minute" : "second";
      return Response.json(console.series(step));
    }),
    "/api/calls": read(async ({ url }) => {
      await console.refresh();
      return Response.json({ calls: console.calls.after(Number(parameter(url, "after") ?? 0) || 0) });
    }),
    "/api/events": read(() => events.connect()),
    "/api/failed": read(async () => {
      await console.refresh();
      return Response.json({ failed: await describeFailed(console.failedBodies, console.secrets()) });
    }),
    "/api/failed/:number": read(({ params }) => {
      const found = console.failedBodies.find(Number(params["number"]));
      return found === undefined ? problem(404, "no such body; only the latest are kept") : download(found);
    }),
    "/api/call": act(async (request) => {
      const asked = v.safeParse(callRequestSchema, await request.json().catch(() => undefined));
      if (!asked.success) return problem(400, "expected a player_id of 1 to 256 characters");
      return inWords(async () => Response.json(await console.call(asked.output.player_id)));
    }),
    "/api/players": read(({ url }) =>
      inWords(async () => {
        const page = await console.players(parameter(url, "from") ?? "");
        return page === undefined
          ? problem(404, "the source in use has no players of our own")
          : Response.json(page);
      }),
    ),
    "/api/help": read(() => Response.json({ topics: console.manual.topics })),
    "/api/help/:topic": read(({ params }) => {
      const html = console.manual.html(params["topic"] ?? "");
      return html === undefined ? problem(404, "there is no such topic") : new Response(html, HTML);
    }),
  };
}

async function readiness(subject: AdminSubject): Promise<Response> {
  const notReady = await subject.notReady();
  const body = { ready: notReady.length === 0, not_ready: notReady, warnings: subject.warnings() };
  return Response.json(body, { status: body.ready ? 200 : 503 });
}

/** Answers with a file of the page. */
function servePage(): (name: string) => Promise<Response> {
  let assets: ReturnType<typeof pageAssets> | undefined;
  return async (name) => {
    // Run from source, the page is bundled when somebody asks for it, so that the start does not wait.
    assets ??= pageAssets();
    const asset = (await assets).get(name);
    if (asset === undefined) throw new Error(`the page has no ${name}`);
    return new Response(asset.bytes, { headers: { "Content-Type": asset.type } });
  };
}

const HTML = { headers: { "Content-Type": "text/html; charset=utf-8" } };

/** As plain bytes: a browser must not take a caller's body for a page. */
function download({ number, body }: FailedBody & { readonly number: number }): Response {
  return new Response(body.slice(), {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Disposition": `attachment; filename="failed-${number}.body"`,
    },
  });
}

async function inWords(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    return problem(502, error instanceof Error ? error.message : String(error));
  }
}

function parameter(url: string, name: string): string | null {
  return new URL(url).searchParams.get(name);
}
