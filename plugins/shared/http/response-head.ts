import { NoAnswer } from "./no-answer.ts";

/** By lower-case names. */
export type ResponseHeaders = ReadonlyMap<string, string>;

/** How an answer's body ends: after so many bytes, by its last chunk, or with the connection. */
type Framing = number | "chunked" | "close";

export interface ResponseHead {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly framing: Framing;
  /** Whether the peer lets the connection be used again. */
  readonly isKeepAlive: boolean;
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** No folded lines, no white space before the colon (RFC 9112, section 5), no control characters. */
const FIELD = /^[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*$/;

/** A status line and any number of fields. */
const HEAD = new RegExp(`${STATUS_LINE.source.slice(0, -1)}(?:\\r\\n${FIELD.source.slice(1, -1)})*$`);

/** Of these a second one is not a list's next member (RFC 9110, section 5.3); the first one counts. */
const SINGLE = new Set(["content-type", "retry-after"]);

/**
 * Reads the head of an answer: the text before the empty line, without the line end before that. What readers could
 * understand in different ways is refused (RFC 9112, section 6.3), because they would not agree where the answer ends.
 */
export function parseHead(text: string): ResponseHead | NoAnswer {
  if (!HEAD.test(text)) {
    const [statusLine = ""] = text.split("\r\n", 1);
    return new NoAnswer(STATUS_LINE.test(statusLine) ? "HPE_INVALID_HEADER_TOKEN" : "HPE_INVALID_CONSTANT");
  }
  const status = Number(text.slice(9, 12));
  const isHttp11 = text[7] === "1";

  const headers = new Map<string, string>();
  for (let lineEnd = text.indexOf("\r\n"); lineEnd !== -1;) {
    const start = lineEnd + 2;
    const colon = text.indexOf(":", start);
    lineEnd = text.indexOf("\r\n", colon);
    const name = text.slice(start, colon).toLowerCase();
    const value = withoutBlanks(text, colon + 1, lineEnd === -1 ? text.length : lineEnd);
    const before = headers.get(name);
    if (before === undefined) headers.set(name, value);
    else if (name === "content-length") return new NoAnswer("HPE_UNEXPECTED_CONTENT_LENGTH");
    else if (!SINGLE.has(name)) headers.set(name, `${before}, ${value}`);
  }

  const framing = framingOf(status, headers);
  if (framing instanceof NoAnswer) return framing;
  const isKeepAlive = isHttp11 && !membersOf(headers.get("connection")).includes("close");
  return { status, headers, framing, isKeepAlive };
}

/** Whether a line of a trailer is sound. */
export function isField(line: string): boolean {
  return FIELD.test(line);
}

function framingOf(status: number, headers: ResponseHeaders): Framing | NoAnswer {
  const length = headers.get("content-length");
  const codings = headers.get("transfer-encoding");
  if (length !== undefined && !isLength(length)) return new NoAnswer("HPE_INVALID_CONTENT_LENGTH");
  const isChunked = codings !== undefined && isLastChunked(membersOf(codings));
  if (isChunked === undefined || (codings !== undefined && length !== undefined)) {
    return new NoAnswer("HPE_INVALID_TRANSFER_ENCODING");
  }
  if (status < 200 || status === 204 || status === 304) return 0;
  if (isChunked) return "chunked";
  return length === undefined ? "close" : Number(length);
}

/** Chunks are the last coding and applied once, or not at all; then the body ends with the connection. */
function isLastChunked(codings: readonly string[]): boolean | undefined {
  if (codings.includes("")) return undefined;
  const first = codings.indexOf("chunked");
  if (first === -1) return false;
  return first === codings.length - 1 ? true : undefined;
}

/** Digits, and few enough of them to count exactly. */
function isLength(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

function membersOf(list: string | undefined): readonly string[] {
  return list === undefined ? [] : list.split(",").map((member) => withoutBlanks(member).toLowerCase());
}

/** A part of a text, without the spaces and tabs around it. `trim` would also take a no-break space, which is of the value. */
function withoutBlanks(text: string, from = 0, to = text.length): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
