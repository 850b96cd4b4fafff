import type { ConsoleEvent } from "../shapes.ts";

/** The server wants the token: there is no session, or it has ended. To go on asking would be guessing. */
export class NotLoggedIn extends Error {}

let askForToken = () => {};

/** Whichever request finds out that the token is wanted, the whole page stops asking. */
export function onTokenWanted(stop: () => void): void {
  askForToken = stop;
}

function notLoggedIn(problem: string): NotLoggedIn {
  askForToken();
  return new NotLoggedIn(problem);
}

/** What a page sends along when it changes something or makes a call. No form and no other site can send it. */
const ACTION = { "X-Klas-Balance-Console": "1" };

const ANSWER_MS = 15_000;

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
  if (response.status === 401) throw notLoggedIn("a token is needed");
  if (response.ok) return response;
  const told: unknown = await response.json().catch(() => undefined);
  const isTold = typeof told === "object" && told !== null && "problem" in told;
  const problem = isTold ? String(told.problem) : `status ${response.status}`;
  throw response.status === 429 ? notLoggedIn(problem) : new Error(problem);
}

export async function read<Shape>(path: string): Promise<Shape> {
  return shaped(await (await ask(path)).json());
}

/** Page and server are one program: what the server sends has the shapes of `shapes.ts`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names the shape
function shaped<Shape>(sent: unknown): Shape {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a check would double the size of the page
  return sent as Shape;
}

export async function readText(path: string): Promise<string> {
  return await (await ask(path)).text();
}

export async function post<Shape>(path: string, body: string): Promise<Shape | undefined> {
  const response = await ask(path, { method: "POST", body, headers: ACTION });
  return response.status === 204 ? undefined : shaped(await response.json());
}

export interface Live {
  stop(): void;
}

const RECONNECT_MS = 2000;
/**
 * Events come every second, or as late as the server waits for a worker that does not answer. After this long without
 * one something is wrong, even if the connection stands.
 */
const SILENCE_MS = 10_000;

/** Asks the server why a stream of events ended, because the stream does not say. */
async function whyCutOff(): Promise<unknown> {
  try {
    const { body } = await ask("/api/events");
    await body?.cancel();
    return new Error("the stream of events was cut off");
  } catch (error) {
    return error;
  }
}

/**
 * Follows the server's events, and goes on when the server was away. `onLost` is told each time that it cannot be
 * reached.
 */
export function follow(onEvent: (event: ConsoleEvent) => void, onLost: (error: unknown) => void): Live {
  let stream: EventSource | undefined;
  let timer: number | undefined;
  let heard = 0;
  let isOver = false;

  function connect(): void {
    stream = new EventSource("/api/events");
    stream.addEventListener("message", ({ data }) => {
      heard += 1;
      awaitNext();
      onEvent(shaped(JSON.parse(String(data))));
    });
    stream.addEventListener("error", () => {
      void tellWhy();
      again();
    });
    awaitNext();
  }

  /** The reason may come late, when events come again. */
  async function tellWhy(): Promise<void> {
    const before = heard;
    const error = await whyCutOff();
    if (heard === before && !isOver) onLost(error);
  }

  function awaitNext(): void {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      onLost(new Error("it is silent"));
      again();
    }, SILENCE_MS);
  }

  function again(): void {
    disconnect();
    timer = window.setTimeout(connect, RECONNECT_MS);
  }

  function disconnect(): void {
    window.clearTimeout(timer);
    stream?.close();
  }

  connect();
  return {
    stop() {
      isOver = true;
      disconnect();
    },
  };
}
