import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type HttpReply, parseHttpReply } from "./http-reply.ts";

/** Where to connect to, and what to ask for there. */
export interface Endpoint {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The value of the `Host` header. */
  readonly authority: string;
  readonly path: string;
}

/** Why there is no reply, in words for the user. */
export interface NoReply {
  readonly noReply: string;
}

export type Outcome = HttpReply | NoReply;

/** A connection of our own: no HTTP client lets one send malformed headers or see the exact bytes. */
export interface Connection {
  /** Writes the parts, a moment apart, and waits for one reply. `halfClose` says that no more will be sent. */
  exchange(parts: readonly Uint8Array[], options?: { readonly halfClose?: boolean }): Promise<Outcome>;
  close(): void;
}

const MAX_REPLY_BYTES = 1_048_576;
const PAUSE_BETWEEN_PARTS_MS = 20;

/** Opens a connection, within the time that one call has. */
export function openConnection(endpoint: Endpoint, timeoutMs: number): Promise<Connection | NoReply> {
  const { promise, resolve } = Promise.withResolvers<Connection | NoReply>();
  const socket = newSocket(endpoint);
  const fail = (noReply: string): void => {
    socket.destroy();
    resolve({ noReply });
  };
  const timer = setTimeout(() => fail(`no connection within ${timeoutMs} ms`), timeoutMs);
  socket.once("error", (error) => {
    clearTimeout(timer);
    fail(plainCause(error));
  });
  socket.once(endpoint.tls ? "secureConnect" : "connect", () => {
    clearTimeout(timer);
    resolve(connectionOver(socket, timeoutMs));
  });
  return promise;
}

function newSocket({ host, port, tls }: Endpoint): Socket {
  if (!tls) return connectTcp({ host, port, noDelay: true });
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ALPNProtocols: ["http/1.1"], ...servername });
}

function connectionOver(socket: Socket, timeoutMs: number): Connection {
  let received = Buffer.alloc(0);
  let closedBecause: string | undefined;
  let onChange: (() => void) | undefined;

  const closed = (cause: string): void => {
    closedBecause ??= cause;
    onChange?.();
  };
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    onChange?.();
  });
  socket.on("error", (error) => closed(plainCause(error)));
  socket.on("end", () => closed("connection closed without a reply"));
  socket.on("close", () => closed("connection closed without a reply"));

  function outcomeSoFar(): Outcome | undefined {
    const reply = parseHttpReply(received, closedBecause !== undefined);
    if (reply === "malformed") return { noReply: "the reply is not HTTP/1.1" };
    if (reply !== "incomplete") return reply;
    if (received.length > MAX_REPLY_BYTES) return { noReply: `the reply is over ${MAX_REPLY_BYTES} bytes` };
    if (closedBecause === undefined) return undefined;
    return { noReply: received.length === 0 ? closedBecause : "connection closed within the reply" };
  }

  async function send(parts: readonly Uint8Array[], halfClose: boolean): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (index > 0) await Bun.sleep(PAUSE_BETWEEN_PARTS_MS);
      if (closedBecause !== undefined) return;
      socket.write(part);
    }
    if (halfClose) socket.end();
  }

  return {
    exchange(parts, { halfClose = false } = {}) {
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      received = Buffer.alloc(0);
      const timer = setTimeout(() => resolve({ noReply: `no reply within ${timeoutMs} ms` }), timeoutMs);
      onChange = () => {
        const outcome = outcomeSoFar();
        if (outcome === undefined) return;
        clearTimeout(timer);
        onChange = undefined;
        resolve(outcome);
      };
      onChange();
      void send(parts, halfClose);
      return promise;
    },
    close() {
      socket.destroy();
    },
  };
}

const PLAIN_CAUSES = new Map([
  ["ECONNREFUSED", "connection refused"],
  ["ECONNRESET", "connection reset"],
  ["EPIPE", "connection closed while the call was sent"],
  ["ENOTFOUND", "no such host"],
  ["EHOSTUNREACH", "no route to the host"],
  ["ENETUNREACH", "no route to the network"],
]);

function plainCause(error: Error & { readonly code?: string }): string {
  return PLAIN_CAUSES.get(error.code ?? "") ?? error.message;
}
