import { createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";

/** A connection that sends exactly what it is told to; `fetch` would put right what is to be wrong. */
export interface Connection {
  /** Tells it from the others, on both sides. */
  readonly localPort: number;
  send(bytes: string | Uint8Array): void;
  /** Ends our half. */
  end(): void;
  /** The next reply, or `undefined` if the server closed the connection without one. */
  next(): Promise<Reply | undefined>;
  /** Resolves when the connection is closed, by whomever. */
  readonly closed: Promise<void>;
  destroy(): void;
}

export interface Reply {
  readonly status: number;
  /** Names in lower case; repeated ones are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const PATIENCE_MS = 20_000;

export async function open(port: number): Promise<Connection> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return over(socket);
}

function over(socket: Socket): Connection {
  let received: Buffer = Buffer.alloc(0);
  let isClosed = false;
  let wake: (() => void) | undefined;
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, Buffer.from(chunk)]);
    wake?.();
  });
  // A reset shows as a close without a reply.
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => {
      isClosed = true;
      wake?.();
      resolve();
    });
  });

  async function next(): Promise<Reply | undefined> {
    const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
    try {
      for (;;) {
        const parsed = parseReply(received);
        if (parsed !== undefined) {
          received = received.subarray(parsed.length);
          // An interim reply (RFC 9110, section 15.2), such as 100, comes before the one that counts.
          if (parsed.reply.status >= 200) return parsed.reply;
        } else if (isClosed) return undefined;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    localPort: socket.localPort ?? 0,
    send: (bytes) => void socket.write(bytes),
    end: () => void socket.end(),
    next,
    closed,
    destroy: () => void socket.destroy(),
  };
}

function parseReply(received: Buffer): { readonly reply: Reply; readonly length: number } | undefined {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [statusLine = "", ...lines] = received.subarray(0, end).toString("latin1").split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw new Error(`not a reply: ${statusLine}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const known = headers.get(name);
    headers.set(name, known === undefined ? value : `${known}, ${value}`);
  }
  const length = end + 4 + Number(headers.get("content-length") ?? 0);
  if (received.length < length) return undefined;
  return {
    reply: { status: Number(status), headers, body: Buffer.from(received.subarray(end + 4, length)) },
    length,
  };
}

export function signatureOf(secret: string, body: string | Uint8Array): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

/** The bytes of a POST with a length, and with these header lines besides. */
export function post(body: string | Uint8Array, headers: readonly string[], target = "/balance"): Buffer {
  const bytes = Buffer.from(body);
  const head = [`POST ${target} HTTP/1.1`, "Host: localhost", `Content-Length: ${bytes.length}`, ...headers];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), bytes]);
}

/** Sends bytes on a connection of their own and takes one reply. */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<Reply | undefined> {
  const connection = await open(port);
  connection.send(bytes);
  const reply = await connection.next();
  connection.destroy();
  return reply;
}
