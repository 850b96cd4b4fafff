import { describe, expect, test } from "bun:test";
import {
  type HttpResponse,
  type Parsed,
  type AnswerLimits,
  responseParser,
} from "../../../../plugins/shared/http/response-parser.ts";

const ALL: AnswerLimits = { needsBody: () => true, maxBytes: 1000 };

/** What comes of the pieces, one after another, and of the end of the connection if that is waited for. */
function parsed(pieces: readonly Buffer[], reading = ALL): Parsed {
  const parser = responseParser(reading);
  for (const piece of pieces) {
    const result = parser.feed(piece);
    if (result !== undefined) return result;
  }
  return parser.end();
}

/** An answer in short, or the name of what is wrong. */
function inShort(result: Parsed): unknown {
  if (result === undefined) return "nothing yet";
  if (result instanceof Error) return "code" in result ? result.code : result.message;
  return [result.status, Buffer.from(result.body).toString("latin1"), ...flags(result)].join(" ");
}

function flags({ isEndMarked, isConnectionClean }: HttpResponse): readonly string[] {
  return [...(isEndMarked ? [] : ["unmarked"]), ...(isConnectionClean ? ["clean"] : [])];
}

/** The whole, in two pieces at every place, and byte by byte. */
function cuttings(bytes: Buffer): readonly (readonly Buffer[])[] {
  const places = Array.from(bytes.keys()).slice(1);
  return [
    [bytes],
    ...places.map((at) => [bytes.subarray(0, at), bytes.subarray(at)]),
    Array.from(bytes.keys(), (at) => bytes.subarray(at, at + 1)),
  ];
}

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;
const LONG = "x".repeat(17_000);
/** Names more than the parser may spend on what is dropped. */
const MANY_TRAILERS = `0\r\n${"a: b\r\n".repeat(3000)}\r\n`;

describe("an answer, however it is cut into pieces", () => {
  test.each<[string, string, string]>([
    ["with a length", `${OK}Content-Length: 2\r\n\r\n30`, "200 30 clean"],
    ["with a length of 0", `${OK}content-length:0\r\n\r\n`, "200  clean"],
    ["in chunks", `${CHUNKED}1\r\n3\r\n1\r\n0\r\n0\r\n\r\n`, "200 30 clean"],
    [
      "in a chunk with an extension",
      `${CHUNKED}00a;x="1"\r\n0123456789\r\n0;y\r\n\r\n`,
      "200 0123456789 clean",
    ],
    [
      "in chunks, with trailers",
      `${CHUNKED}2\r\n30\r\n0\r\nContent-Length: 9\r\nx: y\r\n\r\n`,
      "200 30 clean",
    ],
    ["in chunks that hold line ends", `${CHUNKED}4\r\n\r\n\r\n\r\n0\r\n\r\n`, "200 \r\n\r\n clean"],
    ["up to the connection's end", `${OK}\r\n30`, "200 30 unmarked"],
    ["of nothing, up to the connection's end", `${OK}\r\n`, "200  unmarked"],
    ["by another last coding", `${OK}Transfer-Encoding: identity\r\n\r\n30`, "200 30 unmarked"],
    [
      "by chunks over another coding",
      `${OK}Transfer-Encoding: gzip\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n`,
      "200  clean",
    ],
    ["without a reason", "HTTP/1.1 404\r\ncontent-length: 0\r\n\r\n", "404  clean"],
    [
      "with a reason of any letters",
      "HTTP/1.1 404 N\u00e4\u00e4\t\r\ncontent-length: 0\r\n\r\n",
      "404  clean",
    ],
    ["of HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n30", "200 30"],
    ["of a peer that closes", `${OK}content-length: 2\r\nConnection: x, Close\r\n\r\n30`, "200 30"],
    ["204, whatever its length", "HTTP/1.1 204 X\r\ncontent-length: 7\r\n\r\n", "204  clean"],
    ["304, whatever its length", "HTTP/1.1 304 X\r\ntransfer-encoding: chunked\r\n\r\n", "304  clean"],
    [
      "after interim ones",
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 X\r\nlink: y\r\n\r\n${OK}content-length: 2\r\n\r\n30`,
      "200 30 clean",
    ],
    ["with an empty value", `${OK}x:\r\ny: \t \r\ncontent-length: \t2 \r\n\r\n30`, "200 30 clean"],
  ])("%s", (_what, text, expected) => {
    for (const pieces of cuttings(Buffer.from(text, "latin1")))
      expect(inShort(parsed(pieces))).toBe(expected);
  });

  test.each<[string, string, string]>([
    [
      "two lengths, though equal",
      `${OK}content-length: 2\r\ncontent-length: 2\r\n\r\n30`,
      "HPE_UNEXPECTED_CONTENT_LENGTH",
    ],
    ["a list of lengths", `${OK}content-length: 2, 2\r\n\r\n30`, "HPE_INVALID_CONTENT_LENGTH"],
    ["a length with a sign", `${OK}content-length: +2\r\n\r\n30`, "HPE_INVALID_CONTENT_LENGTH"],
    ["a negative length", `${OK}content-length: -2\r\n\r\n30`, "HPE_INVALID_CONTENT_LENGTH"],
    ["a length in hexadecimal", `${OK}content-length: 0x2\r\n\r\n30`, "HPE_INVALID_CONTENT_LENGTH"],
    ["an empty length", `${OK}content-length:\r\n\r\n30`, "HPE_INVALID_CONTENT_LENGTH"],
    [
      "a length beyond counting",
      `${OK}content-length: 18446744073709551618\r\n\r\n30`,
      "HPE_INVALID_CONTENT_LENGTH",
    ],
    [
      "a length with a no-break space",
      `${OK}content-length: 2\u00a0\r\n\r\n30`,
      "HPE_INVALID_CONTENT_LENGTH",
    ],
    [
      "chunks and a length",
      `${OK}transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n0\r\n\r\n`,
      "HPE_INVALID_TRANSFER_ENCODING",
    ],
    [
      "a coding and a length",
      `${OK}content-length: 2\r\ntransfer-encoding: x\r\n\r\n30`,
      "HPE_INVALID_TRANSFER_ENCODING",
    ],
    [
      "chunks that are not the last coding",
      `${OK}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n`,
      "HPE_INVALID_TRANSFER_ENCODING",
    ],
    [
      "chunks in chunks",
      `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      "HPE_INVALID_TRANSFER_ENCODING",
    ],
    ["a space before the colon", `${OK}content-length : 2\r\n\r\n30`, "HPE_INVALID_HEADER_TOKEN"],
    ["a folded line", `${OK}x: y\r\n content-length: 2\r\n\r\n30`, "HPE_INVALID_HEADER_TOKEN"],
    ["a line without a colon", `${OK}content-length\r\n\r\n30`, "HPE_INVALID_HEADER_TOKEN"],
    ["a header without a name", `${OK}: 2\r\n\r\n30`, "HPE_INVALID_HEADER_TOKEN"],
    ["a NUL in a value", `${OK}x: \u0000\r\ncontent-length: 2\r\n\r\n30`, "HPE_INVALID_HEADER_TOKEN"],
    ["a bare CR in a value", `${OK}x: y\rcontent-length: 3\r\n\r\n30`, "HPE_INVALID_HEADER_TOKEN"],
    [
      "a bare CR in the reason",
      "HTTP/1.1 200 OK\rx: y\r\ncontent-length: 2\r\n\r\n30",
      "HPE_INVALID_CONSTANT",
    ],
    ["another version", "HTTP/1.2 200 OK\r\ncontent-length: 2\r\n\r\n30", "HPE_INVALID_CONSTANT"],
    ["another protocol", "220 mail.example ESMTP\r\n\r\n", "HPE_INVALID_CONSTANT"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
    ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
    ["two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", "HPE_INVALID_CONSTANT"],
    ["a line end before it", `\r\n${OK}content-length: 2\r\n\r\n30`, "HPE_INVALID_CONSTANT"],
    ["another protocol after this", "HTTP/1.1 101 X\r\nupgrade: x\r\n\r\n", "HPE_INVALID_STATUS"],
    ["a chunk that is longer than it says", `${CHUNKED}2\r\n300\r\n0\r\n\r\n`, "HPE_STRICT"],
    ["a chunk that is shorter than it says", `${CHUNKED}3\r\n30\r\n0\r\n\r\n`, "HPE_STRICT"],
    ["a chunk's size with a sign", `${CHUNKED}+2\r\n30\r\n0\r\n\r\n`, "HPE_INVALID_CHUNK_SIZE"],
    ["a chunk's size with 0x", `${CHUNKED}0x2\r\n30\r\n0\r\n\r\n`, "HPE_INVALID_CHUNK_SIZE"],
    ["a chunk's size with a space", `${CHUNKED}2 \r\n30\r\n0\r\n\r\n`, "HPE_INVALID_CHUNK_SIZE"],
    ["an empty size of a chunk", `${CHUNKED}\r\n30\r\n0\r\n\r\n`, "HPE_INVALID_CHUNK_SIZE"],
    ["a chunk's size beyond counting", `${CHUNKED}10000000000000002\r\n30`, "HPE_INVALID_CHUNK_SIZE"],
    ["a trailer that is none", `${CHUNKED}0\r\nx\r\n\r\n`, "HPE_INVALID_HEADER_TOKEN"],
    ["a chunk's size before a bare LF", `${CHUNKED}2\n30\r\n0\r\n\r\n`, "HPE_CR_EXPECTED"],
    ["a chunk's bytes before a bare LF", `${CHUNKED}2\r\n30\n0\r\n\r\n`, "HPE_STRICT"],
    ["an end after the head", `${OK}content-length: 2\r\n\r\n`, "ECONNRESET"],
    ["an end in the body", `${OK}content-length: 3\r\n\r\n30`, "ECONNRESET"],
    ["an end before the last chunk", `${CHUNKED}2\r\n30\r\n`, "ECONNRESET"],
    ["an end in the last chunk", `${CHUNKED}2\r\n30\r\n0\r\n`, "ECONNRESET"],
    ["an end before the head's", OK, "ECONNRESET"],
    ["no byte", "H", "ECONNRESET"],
  ])("with %s is refused", (_what, text, expected) => {
    for (const pieces of cuttings(Buffer.from(text, "latin1")))
      expect(inShort(parsed(pieces))).toBe(expected);
  });

  test.each<[string, string]>([
    ["in a header", `${OK}x: y\ncontent-length: 2\r\n\r\n30`],
    ["after the status", "HTTP/1.1 200 OK\ncontent-length: 2\r\n\r\n30"],
    ["at the head's end", `${OK}content-length: 2\n\n30`],
  ])("with a bare LF %s is refused, and at once", (_where, text) => {
    for (const pieces of cuttings(Buffer.from(text))) {
      expect(inShort(parsed(pieces))).toBeOneOf([
        "HPE_CR_EXPECTED",
        "HPE_INVALID_HEADER_TOKEN",
        "HPE_INVALID_CONSTANT",
      ]);
    }
  });

  test.each<[string, string]>([
    ["head", `${OK}x: ${LONG}\r\n\r\n`],
    ["head that does not end", `${OK}x: ${LONG}`],
    ["line of interim heads", "HTTP/1.1 100 Continue\r\n\r\n".repeat(1000)],
    ["trailer", `${CHUNKED}0\r\nx: ${LONG}`],
    ["row of trailers", `${CHUNKED}${MANY_TRAILERS}`],
    ["extension", `${CHUNKED}2;${LONG}`],
    ["row of extensions", `${CHUNKED}${`1;${"x".repeat(100)}\r\n3\r\n`.repeat(300)}`],
  ])("with an endless %s is refused", (_what, text) => {
    const bytes = Buffer.from(text);
    expect(inShort(parsed([bytes]))).toBe("HPE_HEADER_OVERFLOW");
    const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, n) =>
      bytes.subarray(n * 7, n * 7 + 7),
    );
    expect(inShort(parsed(pieces))).toBe("HPE_HEADER_OVERFLOW");
  });
});

describe("a body", () => {
  const tooLong = "the answer is longer than 5 bytes (max_response_bytes)";

  test.each<[string, string]>([
    ["by its length", `${OK}content-length: 6\r\n\r\n123456`],
    ["in chunks", `${CHUNKED}3\r\n123\r\n3\r\n456\r\n0\r\n\r\n`],
    ["in one chunk", `${CHUNKED}6\r\n123456\r\n0\r\n\r\n`],
    ["up to the connection's end", `${OK}\r\n123456`],
  ])("that is too long is not read to its end: %s", (_framing, text) => {
    for (const pieces of cuttings(Buffer.from(text))) {
      expect(inShort(parsed(pieces, { ...ALL, maxBytes: 5 }))).toBe(tooLong);
      expect(inShort(parsed(pieces, { ...ALL, maxBytes: 6 }))).toStartWith("200 123456");
    }
  });

  test("that does not matter is not waited for", () => {
    const reading = { needsBody: (status: number) => status === 200, maxBytes: 5 };
    const head = Buffer.from("HTTP/1.1 404 X\r\ncontent-length: 6\r\n\r\n");
    expect(inShort(responseParser(reading).feed(head))).toBe("404 ");
  });
});

describe("bytes after an answer", () => {
  const answer = `${OK}content-length: 2\r\n\r\n30`;

  test.each([
    `${answer}5`,
    `${answer}\r\n5`,
    `${answer}${answer}`,
    `HTTP/1.1 204 X\r\n\r\n{}`,
    `${CHUNKED}0\r\n\r\n0`,
  ])("leave it in doubt: %j", (text) => {
    expect(inShort(parsed([Buffer.from(text)]))).toBe("HPE_INVALID_CONSTANT");
  });

  test.each(["\n", "\r\n", "\r\n\r\n"])(
    "that are line ends only keep the connection from a next one: %j",
    (ends) => {
      expect(inShort(parsed([Buffer.from(answer + ends)]))).toBe("200 30");
    },
  );
});

function header(lines: string, name: string): string | undefined {
  const result = parsed([Buffer.from(`${OK}content-length: 0\r\n${lines}\r\n`, "latin1")]);
  return result instanceof Error ? result.message : result?.headers.get(name);
}

describe("headers", () => {
  test.each<[string, string, string | undefined]>([
    ["X-One: 1\r\n", "x-one", "1"],
    ["X: 1\r\nx: 2\r\n", "x", "1, 2"],
    ["Content-Type: a/b\r\ncontent-type: c/d\r\n", "content-type", "a/b"],
    ["Retry-After: 1\r\nRetry-After: 60\r\n", "retry-after", "1"],
    ["X: \t a\u00a0\t \r\n", "x", "a\u00a0"],
    ["X: \u00e9\r\n", "x", "\u00e9"],
    ["__proto__: 1\r\n", "__proto__", "1"],
    ["", "constructor", undefined],
  ])("%j: %s is %p", (lines, name, value) => {
    expect(header(lines, name)).toBe(value);
  });
});
