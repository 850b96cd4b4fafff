import { createServer, type Socket } from "node:net";

/** A call as it reached the core. */
export interface SeenCall {
  readonly method: string;
  readonly path: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** Stands in for the operator's core: it does what a case wants and counts what reaches it. It moves no money. */
export interface StandInCore extends AsyncDisposable {
  /** Answers from now on with these bytes, then closes; without them it closes at once. What was seen before is forgotten. */
  expect(reply: string | undefined): void;
  readonly seen: readonly SeenCall[];
  /** Whether anything has ever reached it. */
  readonly isReached: boolean;
}

const MAX_CALL_BYTES = 1_048_576;

/** Listens where `webhook.forward.url` leads to. Rejects if that cannot be. */
export async function startStandInCore(
  host: string,
  port: number,
): Promise<StandInCore & { readonly port: number }> {
  let reply: string | undefined;
  let seen: SeenCall[] = [];
  let isReached = false;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    let received = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const call = parseCall(received);
      if (call === undefined && received.length <= MAX_CALL_BYTES) return;
      received = Buffer.alloc(0);
      if (call !== undefined) seen.push(call);
      isReached = true;
      if (reply === undefined) socket.destroy();
      else socket.end(reply);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    expect(next) {
      reply = next;
      seen = [];
    },
    get seen() {
      return seen;
    },
    get isReached() {
      return isReached;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A whole request with a `Content-Length`; `undefined` until it is all there. */
function parseCall(bytes: Buffer): SeenCall | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [requestLine = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const [method = "", path = ""] = requestLine.split(" ");
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = bytes.subarray(end + "\r\n\r\n".length);
  const length = Number(headers.get("content-length") ?? 0);
  return body.length < length ? undefined : { method, path, headers, body: body.subarray(0, length) };
}
