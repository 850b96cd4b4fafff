import http, { type IncomingHttpHeaders } from "node:http";
import https from "node:https";
import { urlToHttpOptions } from "node:url";
import { TooLong, unpack } from "./compressed.ts";
import type { Connections } from "./connections.ts";
import { exchangeFailure, lateness, WrongEcho } from "./failure.ts";
import type { CoreRequest } from "./request.ts";

/** A complete answer of the core. */
export interface CoreResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Unpacked. Empty if the answer's status alone decides. */
  readonly body: Uint8Array;
}

/** How an answer is read. */
export interface AnswerReader<Answer> {
  /** Tells by the status whether the body matters; if not, none of it is read. */
  readonly needsBody: (status: number) => boolean;
  /** Throws if it is not an answer to take. */
  readonly read: (response: CoreResponse, request: CoreRequest) => Answer;
}

/** The status alone. */
export const statusReader: AnswerReader<number> = { needsBody: () => false, read: ({ status }) => status };

/** The core that is asked, and how much of an answer is read. */
export interface Core {
  readonly origin: URL;
  /** Its name in messages: without the address's path, which may hold a key. */
  readonly name: string;
  readonly connections: Connections;
  /** Counted as it is sent, and again unpacked. */
  readonly maxResponseBytes: number;
}

/** One HTTP exchange. Ends with `signal`, whatever it is doing; throws `Unavailable` if there was no answer. */
export type Exchange<Answer> = (request: CoreRequest, signal: AbortSignal) => Promise<Answer>;

/**
 * A connection is used again only if this answer was read to its end and understood. After any other answer, the
 * bytes that follow could be the rest of it, and would be given to another player.
 */
export function exchanger<Answer>(core: Core, reader: AnswerReader<Answer>): Exchange<Answer> {
  const { origin, name, connections, maxResponseBytes } = core;
  const { protocol, hostname, port } = urlToHttpOptions(origin);
  // The parser's strictness is set here, or else NODE_OPTIONS decides.
  const address = { protocol, hostname, port, insecureHTTPParser: false };
  const begin = protocol === "https:" ? https.request : http.request;

  return (request, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const { method, path, headers } = request;
      const agent = connections.agent();
      const outgoing = begin({ ...address, method, path, headers, agent });
      let isAnswered = false;
      let isOver = false;

      function onAbort(): void {
        const phase = isAnswered ? "body" : outgoing.writableFinished ? "wait" : "connect";
        fail(lateness(phase, name, signal));
      }
      function fail(error: unknown): void {
        if (isOver) return;
        settled();
        reject(error);
        endConnection();
      }
      function settled(): void {
        isOver = true;
        signal.removeEventListener("abort", onAbort);
      }
      function endConnection(): void {
        outgoing.destroy();
        // At the end of an answer the request is over, and no longer ends its connection.
        outgoing.socket?.destroy();
      }
      function failWith(error: unknown): void {
        if (!isOver) fail(exchangeFailure(error, name, outgoing.reusedSocket && !isAnswered));
      }
      function conclude(status: number, responseHeaders: IncomingHttpHeaders, bytes: Uint8Array): void {
        try {
          const body = unpack(bytes, responseHeaders["content-encoding"], maxResponseBytes);
          const answer = reader.read({ status, headers: responseHeaders, body }, request);
          settled();
          resolve(answer);
        } catch (error) {
          if (error instanceof WrongEcho) connections.giveUp(agent);
          fail(error);
        }
      }

      signal.addEventListener("abort", onAbort);
      outgoing.on("error", failWith);
      // If nothing ended it before, this does: after a 101, for example.
      outgoing.on("close", () => failWith(undefined));
      outgoing.on("response", (incoming) => {
        isAnswered = true;
        const { statusCode: status = 0, headers: responseHeaders } = incoming;
        incoming.on("error", failWith);
        if (!reader.needsBody(status)) {
          conclude(status, responseHeaders, NO_BYTES);
          endConnection();
          return;
        }
        const chunks: Uint8Array[] = [];
        let length = 0;
        incoming.on("data", (chunk: Uint8Array) => {
          length += chunk.byteLength;
          if (length > maxResponseBytes) fail(new TooLong(maxResponseBytes));
          else chunks.push(chunk);
        });
        // In this turn of the event loop, nobody else has the connection yet.
        incoming.on("end", () => conclude(status, responseHeaders, joined(chunks, length)));
      });
      outgoing.end(request.body);
    });
}

/** Most answers come in one piece. */
function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const [first, ...others] = chunks;
  return first !== undefined && others.length === 0 ? first : Buffer.concat(chunks, length);
}

const NO_BYTES = new Uint8Array();
