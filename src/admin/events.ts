import type { AnsweredCall, FailedBody } from "../observe/recorder.ts";
import type { Latest } from "./recent.ts";
import type { ConsoleEvent, Status } from "./shapes.ts";

/** The live half of the interface: one event per second to each viewer, and no work at all while there is none. */
export interface Events {
  /** Answers with an endless stream of server-sent events. */
  connect(): Response;
  stop(): void;
}

export interface EventsSubject {
  refresh(): Promise<void>;
  status(): Status;
  readonly calls: Latest<AnsweredCall>;
  leftOut(): number;
  readonly failedBodies: Latest<FailedBody>;
}

const EVERY_MS = 1000;
const MAX_VIEWERS = 16;
/** More than anybody reads in a second; the rest are only counted. */
const MAX_CALLS_PER_EVENT = 200;
/** How far behind a viewer that does not read may fall before it is cut off. A browser connects again. */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;

interface Viewer {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** The number of the last call that it was sent. */
  lastCall: number;
  /** How many calls had come too fast to be kept by then. */
  leftOut: number;
  /** The first event brings all that is kept. */
  isNew: boolean;
}

export function openEvents(subject: EventsSubject): Events {
  const { calls, failedBodies } = subject;
  const viewers = new Set<Viewer>();
  let timer: Timer | undefined;
  let isBusy = false;

  async function tick(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    try {
      await subject.refresh();
      const status = subject.status();
      for (const viewer of viewers) send(viewer, status);
    } finally {
      isBusy = false;
    }
  }

  function send(viewer: Viewer, status: Status): void {
    if ((viewer.controller.desiredSize ?? 0) < -MAX_BEHIND_BYTES) return cutOff(viewer);
    const fresh = calls.after(viewer.lastCall);
    const sent = viewer.isNew ? fresh : fresh.slice(-MAX_CALLS_PER_EVENT);
    const event = {
      status,
      calls: sent,
      left_out: viewer.isNew
        ? 0
        : calls.newest - viewer.lastCall - sent.length + subject.leftOut() - viewer.leftOut,
      newest_failed: failedBodies.newest,
    } satisfies ConsoleEvent;
    viewer.lastCall = calls.newest;
    viewer.leftOut = subject.leftOut();
    viewer.isNew = false;
    viewer.controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
  }

  function leave(viewer: Viewer): void {
    viewers.delete(viewer);
    if (viewers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  function cutOff(viewer: Viewer): void {
    leave(viewer);
    viewer.controller.close();
  }

  function join(controller: Viewer["controller"]): Viewer {
    const viewer = { controller, lastCall: 0, leftOut: 0, isNew: true };
    viewers.add(viewer);
    timer ??= setInterval(() => void tick(), EVERY_MS);
    void tick();
    return viewer;
  }

  return {
    connect() {
      if (viewers.size >= MAX_VIEWERS) {
        return Response.json(
          { problem: `${MAX_VIEWERS} pages are open already, "tail" counted: close one` },
          { status: 503 },
        );
      }
      let viewer: Viewer | undefined;
      const stream = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            viewer = join(controller);
          },
          cancel() {
            if (viewer !== undefined) leave(viewer);
          },
        },
        new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
      );
      return new Response(stream, { headers: { "Content-Type": "text/event-stream" } });
    },
    stop() {
      for (const viewer of viewers) cutOff(viewer);
    },
  };
}

const encoder = new TextEncoder();
