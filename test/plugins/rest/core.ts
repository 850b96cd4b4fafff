import { once } from "node:events";
import net, { type Socket } from "node:net";
import tls from "node:tls";

/** A core that does to each request what `behave` says, on the bytes of HTTP itself. */
export interface Core extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The requests as they came, head and body. */
  readonly requests: string[];
  readonly connections: () => number;
  readonly openSockets: () => number;
}

/** Called for each request; `nth` counts from 1 over all connections. */
export type Behaviour = (socket: Socket, request: string, nth: number) => void | Promise<void>;

export async function startCore(behave: Behaviour, secure?: tls.TlsOptions): Promise<Core> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const onConnection = (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString();
      if (!isComplete(received)) return;
      requests.push(received);
      const request = received;
      received = "";
      void behave(socket, request, requests.length);
    });
  };
  const server =
    secure === undefined ? net.createServer(onConnection) : tls.createServer(secure, onConnection);
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a TCP port");
  const { port } = address;
  return {
    url: `${secure === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    openSockets: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function isComplete(received: string): boolean {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd === -1) return false;
  const length = Number(/^content-length: (\d+)/im.exec(received)?.[1] ?? 0);
  return Buffer.byteLength(received.slice(headEnd + 4)) >= length;
}

/** An HTTP response as bytes. */
export function http(status: number, body = "", headers: Record<string, string | number> = {}): string {
  const lines = Object.entries({ "content-length": Buffer.byteLength(body), ...headers });
  return `HTTP/1.1 ${status} X\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

/** A core that answers every request in the same way. */
export function answering(
  status: number,
  body?: string,
  headers?: Record<string, string | number>,
  secure?: tls.TlsOptions,
): Promise<Core> {
  const response = http(status, body, headers);
  return startCore((socket) => {
    socket.write(response);
  }, secure);
}
