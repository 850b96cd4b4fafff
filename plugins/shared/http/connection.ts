import { lostBecause } from "./no-answer.ts";
import {
  type HttpResponse,
  type Parsed,
  type AnswerLimits,
  responseParser,
  type ResponseParser,
} from "./response-parser.ts";
import type { Dial } from "./wire.ts";

/** How far a call has got: nothing was sent yet, all or part of it was, its answer's head is here. */
export type Progress = "connecting" | "waiting" | "reading";

/** A connection for HTTP/1.1, one call at a time. It is opened at once and not again. */
export interface Connection {
  /**
   * Sends a request, once, and gives its answer, or rejects: with `NoAnswer`, `TooLong`, or the reason of `end`. If no other
   * call may follow, the connection has ended by then.
   */
  ask(request: Uint8Array, reading: AnswerLimits): Promise<HttpResponse>;
  /** Of the call under way, or the last one. */
  readonly progress: Progress;
  /** Whether the latest call was not its first, and got no byte of an answer: the peer may have closed it before. */
  readonly isStale: boolean;
  readonly isOver: boolean;
  /** Ends it, and the call under way with that reason. */
  end(reason?: unknown): void;
}

interface Call {
  readonly request: Uint8Array;
  readonly parser: ResponseParser;
  readonly resolve: (response: HttpResponse) => void;
  readonly reject: (reason: unknown) => void;
}

export function connectionBy(dial: Dial): Connection {
  let call: Call | undefined;
  let progress: Progress = "connecting";
  let isOpen = false;
  let isOver = false;
  let answers = 0;
  let hasAnswerBegun = false;

  const wire = dial({
    onOpen() {
      isOpen = true;
      if (call !== undefined) send(call);
    },
    onBytes(bytes) {
      // Nobody has asked for these, and what follows them would be taken for the answer to the next question.
      if (call === undefined) return end();
      hasAnswerBegun = true;
      settle(call, call.parser.feed(bytes));
    },
    onEnd() {
      if (call === undefined) end();
      else settle(call, call.parser.end());
    },
    onLost(error) {
      end(lostBecause(error));
    },
  });

  function send({ request }: Call): void {
    progress = "waiting";
    wire.write(request);
  }

  function settle({ parser, resolve }: Call, parsed: Parsed): void {
    if (parser.isInBody) progress = "reading";
    if (parsed === undefined) return;
    if (parsed instanceof Error) return end(parsed);
    call = undefined;
    answers += 1;
    // An answer to half of a request: the peer takes the rest of it for the next one.
    if (parsed.isConnectionClean && wire.isFlushed) wire.holdProcess(false);
    else end();
    resolve(parsed);
  }

  function end(reason?: unknown): void {
    const ended = call;
    call = undefined;
    if (!isOver) {
      isOver = true;
      wire.close();
    }
    ended?.reject(reason);
  }

  return {
    ask(request, reading) {
      return new Promise((resolve, reject) => {
        if (isOver || call !== undefined)
          throw new Error("a connection serves one call at a time, while it lasts");
        hasAnswerBegun = false;
        call = { request, parser: responseParser(reading), resolve, reject };
        if (!isOpen) return;
        wire.holdProcess(true);
        send(call);
      });
    },
    get progress() {
      return progress;
    },
    get isStale() {
      return answers > 0 && !hasAnswerBegun;
    },
    get isOver() {
      return isOver;
    },
    end,
  };
}
