import * as v from "valibot";
import type { AnsweredCall, FailedBody } from "../observe/recorder.ts";
import { isRead, notAllowed } from "../answer/listener.ts";
import { type Access, problem } from "./access.ts";
import type { Events } from "./events.ts";
import { describeFailed } from "./failed-bodies.ts";
import type { Latest } from "./recent.ts";
import { type CallResult, callRequestSchema, type PlayersPage, type Status } from "./shapes.ts";
import type { Timeline } from "./timeline.ts";

/** What the interface tells of, and does. */
export interface ConsoleSubject {
  /** As of the latest refresh. */
  status(): Status;
  /** Asks the workers for what is new. */
  refresh(): Promise<void>;
  readonly timeline: Timeline;
  readonly calls: Latest<AnsweredCall>;
  readonly failedBodies: Latest<FailedBody>;
  /** Those in use now, for `explain`. */
  secrets(): readonly string[];
  /** Makes one signed call to this server. Throws, in words, if there is no answer. */
  call(playerId: string): Promise<CallResult>;
  /** A page of klas-balance's own players; `undefined` if the source in use has none. Throws in words. */
  players(from: string): Promise<PlayersPage | undefined>;
  readonly manual: {
    readonly topics: readonly { readonly name: string; readonly title: string }[];
    html(name: string): string | undefined;
  };
}

type Answer = (request: Bun.BunRequest) => Response | Promise<Response>;

/** The routes of the JSON interface (see `shapes.ts`), each behind its guard. */
export function interfaceRoutes(subject: ConsoleSubject, events: Events, access: Access) {
  const read =
    (answer: Answer): Answer =>
    (request) =>
      access.refusal(request) ?? (isRead(request) ? answer(request) : notAllowed("GET, HEAD"));
  const act =
    (answer: Answer): Answer =>
    (request) =>
      access.refusalOfAction(request) ?? (request.method === "POST" ? answer(request) : notAllowed("POST"));

  return {
    "/api/login": (request: Request) =>
      request.method === "POST" ? access.login(request) : notAllowed("POST"),
    "/api/status": read(async () => {
      await subject.refresh();
      return Response.json(subject.status());
    }),
    "/api/series": read(({ url }) => {
      const step = parameter(url, "step") === "minute" ? "minute" : "second";
      return Response.json(subject.timeline.series(step, Date.now()));
    }),
    "/api/calls": read(async ({ url }) => {
      await subject.refresh();
      return Response.json({ calls: subject.calls.after(Number(parameter(url, "after") ?? 0) || 0) });
    }),
    "/api/events": read((request) => events.connect(request)),
    "/api/failed": read(async () => {
      await subject.refresh();
      return Response.json({ failed: await describeFailed(subject.failedBodies, subject.secrets()) });
    }),
    "/api/failed/:number": read(({ params }) => {
      const found = subject.failedBodies.find(Number(params["number"]));
      return found === undefined ? problem(404, "no such body; only the latest are kept") : download(found);
    }),
    "/api/call": act(async (request) => {
      const asked = v.safeParse(callRequestSchema, await request.json().catch(() => undefined));
      if (!asked.success) return problem(400, "expected a player_id of 1 to 256 characters");
      return inWords(async () => Response.json(await subject.call(asked.output.player_id)));
    }),
    "/api/players": read(({ url }) =>
      inWords(async () => {
        const page = await subject.players(parameter(url, "from") ?? "");
        return page === undefined
          ? problem(404, "the source in use has no players of our own")
          : Response.json(page);
      }),
    ),
    "/api/help": read(() => Response.json({ topics: subject.manual.topics })),
    "/api/help/:topic": read(({ params }) => {
      const html = subject.manual.html(params["topic"] ?? "");
      return html === undefined ? problem(404, "there is no such topic") : new Response(html, HTML);
    }),
  } satisfies Record<string, Answer>;
}

const HTML = { headers: { "Content-Type": "text/html; charset=utf-8" } };

/** As bytes of no kind: a browser must not take a caller's body for a page. */
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
