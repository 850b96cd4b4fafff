import type { Socket } from "node:net";
import { dial, type NoReply, plainCause } from "./dial.ts";
import type { EndpointAddress } from "./endpoint-address.ts";
import { type HttpReply, parseHttpReply } from "./http-reply.ts";

export type ReplyOrNone = HttpReply | NoReply;

/** A connection of our own: no HTTP client lets one send malformed headers or see the exact bytes. */
export interface RawConnection {
  /** Writes the parts, a moment apart, and waits for one reply. `halfClose` says that no more will be sent. */
  exchange(parts: readonly Uint8Array[], options?: { readonly halfClose?: boolean }): Promise<ReplyOrNone>;
  close(): void;
}

const MAX_REPLY_BYTES = 1_048_576;
const PAUSE_BETWEEN_PARTS_MS = 20;

/** Opens a connection, within the time that one call has. */
export async function openConnection(
  endpoint: EndpointAddress,
  timeoutMs: number,
): Promise<RawConnection | NoReply> {
  const socket = await dial(endpoint, timeoutMs);
  return "noReply" in socket ? socket : connectionOver(socket, timeoutMs);
}

/** Whether the port of an endpoint that was meant to be plain HTTP speaks TLS. */
export async function endpointSpeaksTls(endpoint: EndpointAddress, timeoutMs: number): Promise<boolean> {
  if (endpoint.tls) return false;
  const socket = await dial({ ...endpoint, tls: true, trustsAnyCertificate: true }, timeoutMs);
  if ("noReply" in socket) return false;
  socket.destroy();
  return true;
}

function connectionOver(socket: Socket, timeoutMs: number): RawConnection {
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

  function receivedSoFar(): ReplyOrNone | undefined {
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
      const { promise, resolve } = Promise.withResolvers<ReplyOrNone>();
      received = Buffer.alloc(0);
      const timer = setTimeout(() => resolve({ noReply: `no reply within ${timeoutMs} ms` }), timeoutMs);
      onChange = () => {
        const reply = receivedSoFar();
        if (reply === undefined) return;
        clearTimeout(timer);
        onChange = undefined;
        resolve(reply);
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
