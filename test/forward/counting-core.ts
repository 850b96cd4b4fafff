import { createServer, type Server, type Socket } from "node:net";

/** A call as it arrived at the core, byte for byte. */
export interface SeenCall {
  readonly target: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/** A core that answers as it is told, and counts what it saw. */
export interface CountingCore extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly SeenCall[];
  /** Connections that were made, asked on or not. */
  readonly connections: number;
}

/** What a core does on a connection on which a whole call has arrived. */
export type Behaviour = (socket: Socket, call: SeenCall) => void;

export async function startCore(behave: Behaviour): Promise<CountingCore> {
  const seen: SeenCall[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let received: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, Buffer.from(chunk)]);
      const call = parseCall(received);
      if (call === undefined) return;
      received = Buffer.alloc(0);
      seen.push(call);
      behave(socket, call);
    });
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${port}/klas`,
    seen,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

function parseCall(received: Buffer): SeenCall | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [requestLine = "", ...lines] = received.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = received.subarray(end + 4);
  if (body.length < Number(headers.get("content-length") ?? 0)) return undefined;
  return { target: requestLine, headers, body };
}

/** The bytes of a reply. */
export function replyBytes(
  body: string,
  {
    status = "200 OK",
    headers = [],
  }: { readonly status?: string; readonly headers?: readonly string[] } = {},
): string {
  const lines = [`HTTP/1.1 ${status}`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}
