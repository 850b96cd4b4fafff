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

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** No folded lines, no white space before the colon (RFC 9112, section 5), no control characters. */
const FIELD = /^([\w!#$%&'*+.^`|~-]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** Of these a second one is not a list's next member (RFC 9110, section 5.3); the first one counts. */
const SINGLE = new Set(["content-type", "retry-after"]);

/**
 * Reads the head of an answer: the text before the empty line, without the line end before that. What readers could
 * understand in different ways is refused (RFC 9112, section 6.3), because they would not agree where the answer ends.
 */
export function parseHead(text: string): ResponseHead | NoAnswer {
  const lines = text.split("\r\n");
  const [, minor, digits] = STATUS_LINE.exec(lines[0] ?? "") ?? [];
  if (digits === undefined) return new NoAnswer("HPE_INVALID_CONSTANT");
  const status = Number(digits);

  const headers = new Map<string, string>();
  for (let index = 1; index < lines.length; index += 1) {
    const [, written, around = ""] = FIELD.exec(lines[index] ?? "") ?? [];
    if (written === undefined) return new NoAnswer("HPE_INVALID_HEADER_TOKEN");
    const name = written.toLowerCase();
    const value = withoutBlanks(around);
    const before = headers.get(name);
    if (before === undefined) headers.set(name, value);
    else if (name === "content-length") return new NoAnswer("HPE_UNEXPECTED_CONTENT_LENGTH");
    else if (!SINGLE.has(name)) headers.set(name, `${before}, ${value}`);
  }

  const framing = framingOf(status, headers);
  if (framing instanceof NoAnswer) return framing;
  const isKeepAlive = minor === "1" && !membersOf(headers.get("connection")).includes("close");
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

/** Without the spaces and tabs around it. `trim` would also take a no-break space, which is a character of the value. */
function withoutBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
