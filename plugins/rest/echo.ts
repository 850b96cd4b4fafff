import type { ResponseHeaders } from "../shared/http/response-head.ts";
import type { Document } from "./document.ts";
import { WrongEcho } from "./failure.ts";
import type { Options } from "./options.ts";
import type { CoreRequest } from "./request.ts";

/**
 * How an answer proves that it belongs to our question. HTTP/1.1 has no means for that: if a core sends one answer
 * too many on a connection, each later question gets the answer to the one before.
 */
export interface Echo {
  /** Throws if `echo_header` is set and the answer does not carry our `X-Request-Id`. */
  assertHeader(headers: ResponseHeaders, request: CoreRequest): void;
  /** Whether the document names the player that was asked for; throws if it names another one. */
  isNamedBy(document: Document, request: CoreRequest): boolean;
}

export function echoOf({ echo, echo_header: header }: Options): Echo {
  const name = header?.toLowerCase();
  return {
    assertHeader(headers, request) {
      if (name === undefined) return;
      const value = headers.get(name);
      if (value === undefined) throw new Error(`the answer has no header ${header} (echo_header)`);
      if (value !== request.headers["x-request-id"]) {
        throw new WrongEcho(`the answer is to another call, by its header ${header} (echo_header)`);
      }
    },
    isNamedBy(document, request) {
      if (echo === undefined) return true;
      const named = document.textAt(echo);
      if (named === undefined) return false;
      if (named === request.playerId) return true;
      throw new WrongEcho(`the answer is about another player, by what is at ${echo} (echo)`);
    },
  };
}
