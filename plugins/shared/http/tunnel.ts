import type { Socket } from "node:net";
import { NoAnswer } from "./no-answer.ts";
import { responseParser } from "./response-parser.ts";

/**
 * Asks a proxy for a tunnel to `authority` (RFC 9110, section 9.3.6). `onDone` is told once: that the tunnel is there, or
 * what went wrong.
 */
export function openTunnel(
  socket: Socket,
  authority: string,
  authorization: string | undefined,
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
  socket.once("connect", () => {
    const credentials = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${credentials}\r\n`, "latin1");
  });
}
