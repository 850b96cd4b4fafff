import type { Connection } from "../shared/http/connection.ts";
import { NoAnswer } from "../shared/http/no-answer.ts";
import type { PlainRequest } from "../shared/http/request-bytes.ts";
import type { HttpResponse } from "../shared/http/response-parser.ts";
import { unpack } from "./compressed.ts";
import type { Connections } from "./connections.ts";
import { exchangeFailure, lateness, WrongEcho } from "./failure.ts";
import type { CoreRequest } from "./request.ts";

/** A complete answer of the core. */
export interface CoreResponse extends Pick<HttpResponse, "status" | "headers" | "isEndMarked"> {
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
  /** Its name in messages: without the address's path, which may hold a key. */
  readonly name: string;
  readonly connections: Connections;
  readonly write: (request: PlainRequest) => Uint8Array;
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
  const { name, connections, write, maxResponseBytes } = core;
  const reading = { needsBody: reader.needsBody, maxBytes: maxResponseBytes };

  return async (request, signal) => {
    signal.throwIfAborted();
    const bytes = write(request);
    const lease = connections.take();
    const { connection } = lease;
    const onAbort = (): void => connection.end(lateness(PHASES[connection.progress], name, signal));
    signal.addEventListener("abort", onAbort);
    try {
      const response = await connection.ask(bytes, reading);
      const { status, headers, isEndMarked } = response;
      const body = unpack(response.body, headers.get("content-encoding"), maxResponseBytes);
      const answer = reader.read({ status, headers, isEndMarked, body }, request);
      connections.keep(lease, headers.get("keep-alive"));
      return answer;
    } catch (error) {
      connection.end();
      if (error instanceof WrongEcho) connections.giveUp(lease);
      throw error instanceof NoAnswer ? exchangeFailure(error, name, connection.isStale) : error;
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  };
}

const PHASES = { connecting: "connect", waiting: "wait", reading: "body" } as const satisfies Record<
  Connection["progress"],
  string
>;
