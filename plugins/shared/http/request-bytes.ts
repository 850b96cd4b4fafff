import { proxyAuthorization } from "./dial.ts";

/** What is asked, by a path on the origin. */
export interface PlainRequest {
  readonly method: "GET" | "POST";
  /** With the query. */
  readonly path: string;
  /** By lower-case names; none of those that say where a message ends. `host` replaces the origin's. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

export interface RequestShape {
  readonly origin: URL;
  /** Whether the peer may keep the connection. */
  readonly isKeepAlive: boolean;
  /** A proxy that plain HTTP is written to: it gets the whole address, and its credentials. */
  readonly proxy?: URL | undefined;
}

const PATH = /^\/[\x21-\x7e]*$/;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Writes requests (RFC 9112, section 3). Throws on what would end a line early, or cannot be written as Latin-1: it
 * should have been refused before, and in a connection it would be a request of its own.
 */
export function requestWriter({
  origin,
  isKeepAlive,
  proxy,
}: RequestShape): (request: PlainRequest) => Uint8Array {
  const prefix = proxy === undefined ? "" : origin.origin;
  const ownHost = `host: ${origin.host}\r\n`;
  const authorization = proxy && proxyAuthorization(proxy);
  const ending =
    (authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`) +
    `connection: ${isKeepAlive ? "keep-alive" : "close"}\r\n`;

  return ({ method, path, headers, body }) => {
    if (!PATH.test(path)) throw new Error("a request cannot carry this path");
    let head = `${method} ${prefix}${path} HTTP/1.1\r\n`;
    if (headers["host"] === undefined) head += ownHost;
    for (const name in headers) {
      const value = headers[name] ?? "";
      if (!NAME.test(name) || !VALUE.test(value))
        throw new Error(`a header cannot carry this value of ${name}`);
      head += `${name}: ${value}\r\n`;
    }
    head += ending;
    if (body === undefined && method === "GET") return Buffer.from(`${head}\r\n`, "latin1");
    const sent = typeof body === "string" ? Buffer.from(body) : (body ?? new Uint8Array());
    return Buffer.concat([Buffer.from(`${head}content-length: ${sent.length}\r\n\r\n`, "latin1"), sent]);
  };
}
