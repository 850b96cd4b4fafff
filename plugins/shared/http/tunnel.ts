import type { Socket } from "node:net";
import { NoAnswer } from "./no-answer.ts";
import { responseParser } from "./response-parser.ts";

export interface Tunnel {
  /** To the proxy. */
  readonly socket: Socket;
  /** The event that says that it can be written to. */
  readonly opens: "connect" | "secureConnect";
  /** Where the tunnel is to lead: host and port. */
  readonly authority: string;
  /** For the proxy. */
  readonly credentials: string | undefined;
}

/**
 * Asks a proxy for a tunnel (RFC 9110, section 9.3.6). `onDone` is told once: that the tunnel is there, or what went wrong.
 */
export function openTunnel(
  { socket, opens, authority, credentials }: Tunnel,
  onDone: (problem?: unknown) => void,
): void {
  // The peer says nothing before we have begun the TLS handshake. So what follows the head would be nobody's, and is dropped.
  const parser = responseParser({ needsBody: () => false, maxBytes: 0 });
  let isDone = false;

  function done(problem?: unknown): void {
    if (isDone) return;
    isDone = true;
    socket.off("data", onData);
    onDone(problem);
  }
  function onData(bytes: Buffer): void {
    const answer = parser.feed(bytes);
    if (answer === undefined) return;
    const isLetThrough = !(answer instanceof Error) && answer.status < 300;
    done(isLetThrough ? undefined : new NoAnswer("ERR_PROXY_TUNNEL"));
  }

  socket.on("data", onData);
  socket.on("error", done);
  socket.on("close", () => done(new NoAnswer("ERR_PROXY_TUNNEL")));
  socket.once(opens, () => {
    const line = credentials === undefined ? "" : `proxy-authorization: ${credentials}\r\n`;
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${line}\r\n`, "latin1");
  });
}
