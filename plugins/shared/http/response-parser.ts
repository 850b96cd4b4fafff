import { type ChunkedReader, chunkedReader } from "./chunked-body.ts";
import { NoAnswer, TooLong } from "./no-answer.ts";
import { parseHead, type ResponseHead, type ResponseHeaders } from "./response-head.ts";

/** A complete answer. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: ResponseHeaders;
  /** As it was sent. Empty if it was not asked for. */
  readonly body: Uint8Array;
  /** Otherwise it ended with the connection, and one that was cut off looks like a whole one. */
  readonly isEndMarked: boolean;
  /** Whether nothing of it is left, and nothing came after it, in the connection; and the peer keeps that open. */
  readonly isConnectionClean: boolean;
}

/** What of an answer is read. */
export interface AnswerLimits {
  /** Tells by the status whether the body matters; if not, none of it is read. */
  readonly needsBody: (status: number) => boolean;
  /** Of the body as it is sent. */
  readonly maxBytes: number;
}

/** What has come of the bytes so far: the answer, why there will be none, or nothing yet. */
export type Parsed = HttpResponse | Error | undefined;

/** Reads one answer, however its bytes are cut into pieces. After it gave an answer or an error, it is not used again. */
export interface ResponseParser {
  feed(bytes: Buffer): Parsed;
  /** The peer sends no more. */
  end(): Parsed;
  /** Whether the answer's head has been read. */
  readonly isInBody: boolean;
}

/** Of everything in an answer that is not its body: heads of interim answers (1xx), its head, extensions, trailers. */
const MAX_HEAD_BYTES = 16_384;

const START = "HTTP/1.";
const HEAD_END = Buffer.from("\r\n\r\n");
const NOTHING = Buffer.alloc(0);
const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;

export function responseParser({ needsBody, maxBytes }: AnswerLimits): ResponseParser {
  let unread: Buffer = NOTHING;
  let spentBytes = 0;
  let head: ResponseHead | undefined;
  /** Where the body begins in `unread`. */
  let bodyAt = 0;
  let readChunks: ChunkedReader | undefined;
  /** The first piece as it came, or a buffer with room for more. */
  let body: Buffer = NOTHING;
  let length = 0;

  function spend(bytes: number): boolean {
    spentBytes += bytes;
    return spentBytes <= MAX_HEAD_BYTES;
  }

  /** Takes a part of the body; of one that is too long only its length. A body may come in very many parts. */
  function take(piece: Buffer): void {
    const before = length;
    length += piece.length;
    if (length > maxBytes || piece.length === 0) return;
    if (before === 0) {
      body = piece;
      return;
    }
    if (before === body.length || length > body.length) {
      const roomier = Buffer.allocUnsafe(Math.min(2 * length, maxBytes));
      body.copy(roomier, 0, 0, before);
      body = roomier;
    }
    piece.copy(body, before);
  }

  /** Reads heads up to the final one, which it gives; interim ones are dropped. */
  function readHead(bytes: Buffer): ResponseHead | Error | undefined {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    for (let at = 0; ;) {
      const end = unread.indexOf(HEAD_END, at);
      if (end === -1) {
        unread = unread.subarray(at);
        return incompleteHeadProblem(unread);
      }
      if (!spend(end + HEAD_END.length - at)) return new NoAnswer("HPE_HEADER_OVERFLOW");
      const parsed = parseHead(unread.toString("latin1", at, end));
      if (parsed instanceof NoAnswer) return parsed;
      // Nothing was asked that another protocol could be the answer to.
      if (parsed.status === 101) return new NoAnswer("HPE_INVALID_STATUS");
      at = end + HEAD_END.length;
      bodyAt = at;
      if (parsed.status >= 200) return parsed;
    }
  }

  function incompleteHeadProblem(bytes: Buffer): NoAnswer | undefined {
    const start = bytes.toString("latin1", 0, START.length);
    if (!START.startsWith(start)) return new NoAnswer("HPE_INVALID_CONSTANT");
    if (spentBytes + bytes.length > MAX_HEAD_BYTES) return new NoAnswer("HPE_HEADER_OVERFLOW");
    // Such a head may never come to the end that is looked for.
    return hasBareLineFeed(bytes) ? new NoAnswer("HPE_CR_EXPECTED") : undefined;
  }

  /** Reads what there is of the body, from `at` on. */
  function readBody(of: ResponseHead, bytes: Buffer, at: number): Parsed {
    const { framing } = of;
    let end: number | undefined | NoAnswer;
    if (framing === "chunked") {
      readChunks ??= chunkedReader({ take, spend });
      end = readChunks(bytes, at);
    } else if (framing === "close") {
      take(bytes.subarray(at));
    } else {
      if (framing > maxBytes) return new TooLong(maxBytes);
      const last = Math.min(at + framing - length, bytes.length);
      take(bytes.subarray(at, last));
      if (length === framing) end = last;
    }
    if (length > maxBytes) return new TooLong(maxBytes);
    if (end === undefined || end instanceof NoAnswer) return end;
    if (end === bytes.length) return response(of, true);
    // Line ends that belong to nothing are harmless. Anything else, and the answer may be longer than it says, or the answer
    // to something else.
    return isLineEnds(bytes.subarray(end)) ? response(of, false) : new NoAnswer("HPE_INVALID_CONSTANT");
  }

  function response({ status, headers, framing, isKeepAlive }: ResponseHead, isClean: boolean): HttpResponse {
    return {
      status,
      headers,
      body: body.length === length ? body : body.subarray(0, length),
      isEndMarked: framing !== "close",
      isConnectionClean: isClean && isKeepAlive,
    };
  }

  return {
    feed(bytes) {
      if (head !== undefined) return readBody(head, bytes, 0);
      const found = readHead(bytes);
      if (found === undefined || found instanceof Error) return found;
      head = found;
      return needsBody(found.status) ? readBody(found, unread, bodyAt) : response(found, false);
    },
    end() {
      return head?.framing === "close" ? response(head, false) : new NoAnswer("ECONNRESET");
    },
    get isInBody() {
      return head !== undefined;
    },
  };
}

function hasBareLineFeed(bytes: Buffer): boolean {
  for (let at = bytes.indexOf("\n"); at !== -1; at = bytes.indexOf("\n", at + 1)) {
    if (bytes[at - 1] !== CARRIAGE_RETURN) return true;
  }
  return false;
}

function isLineEnds(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === CARRIAGE_RETURN || byte === LINE_FEED);
}
