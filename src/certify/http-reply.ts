/** One HTTP/1.1 reply, with its bytes as they came. */
export interface HttpReply {
  readonly status: number;
  /** In the order they came, names in lower case, repeated ones repeated. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** The values of a header, one for each time it came. */
export function headerValues(reply: HttpReply, name: string): readonly string[] {
  return reply.headers.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
}

/** True if the peer leaves the connection open for another call (RFC 9112, section 9.3). */
export function keepsAlive(reply: HttpReply): boolean {
  return !headerValues(reply, "connection").some((value) => /\bclose\b/i.test(value));
}

export type ParsedReply = HttpReply | "incomplete" | "malformed";

const HEAD_END = "\r\n\r\n";
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: |$)/;
const WITHOUT_BODY = new Set([204, 304]);

/**
 * Reads a reply from the bytes so far. `ended` says that no more will come: a body that carries no
 * length ends there, and anything else that is still incomplete stays so.
 */
export function parseHttpReply(bytes: Buffer, ended: boolean): ParsedReply {
  const headLength = bytes.indexOf(HEAD_END);
  if (headLength === -1) return "incomplete";
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headLength).split("\r\n");
  const status = Number(STATUS_LINE.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) return "malformed";
  const rest = bytes.subarray(headLength + HEAD_END.length);
  // 100 Continue and its kind announce the reply proper.
  if (status < 200) return parseHttpReply(rest, ended);
  const headers = lines.map(parseHeader);
  const body = WITHOUT_BODY.has(status) ? new Uint8Array() : parseBody(rest, new Map(headers), ended);
  return typeof body === "string" ? body : { status, headers, body };
}

function parseHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

type ParsedBody = Uint8Array | "incomplete" | "malformed";

function parseBody(bytes: Buffer, headers: ReadonlyMap<string, string>, ended: boolean): ParsedBody {
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") return parseChunks(bytes);
  const length = headers.get("content-length");
  if (length === undefined) return ended ? bytes : "incomplete";
  if (!/^\d+$/.test(length)) return "malformed";
  return bytes.length < Number(length) ? "incomplete" : bytes.subarray(0, Number(length));
}

function parseChunks(bytes: Buffer): ParsedBody {
  const chunks: Buffer[] = [];
  for (let position = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", position);
    if (lineEnd === -1) return "incomplete";
    const size = /^[0-9a-f]+/i.exec(bytes.toString("latin1", position, lineEnd))?.[0];
    if (size === undefined) return "malformed";
    const start = lineEnd + 2;
    const end = start + Number.parseInt(size, 16);
    if (bytes.length < end + 2) return "incomplete";
    if (end === start) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(start, end));
    position = end + 2;
  }
}
