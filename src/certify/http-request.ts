import { openConnection, type ReplyOrNone } from "./connection.ts";
import type { EndpointAddress } from "./endpoint-address.ts";

/** One request, as it goes onto the wire. Header values are sent byte for byte as Latin-1. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
  readonly chunked: boolean;
}

const CHUNK_BYTES = 16;

/** The bytes of a request: its head and its body. */
export function encodeRequest(
  call: HttpRequest,
  endpoint: EndpointAddress,
): readonly [head: Uint8Array, body: Uint8Array] {
  const lines = [
    `${call.method} ${call.path} HTTP/1.1`,
    `Host: ${endpoint.authority}`,
    "User-Agent: klas-balance",
    ...call.headers.map(([name, value]) => `${name}: ${value}`),
    call.chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${call.body.length}`,
  ];
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return [head, call.chunked ? inChunks(call.body) : call.body];
}

function inChunks(body: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < body.length; start += CHUNK_BYTES) {
    const chunk = body.subarray(start, start + CHUNK_BYTES);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

/** Sends one request over a connection of its own. */
export async function sendTo(
  endpoint: EndpointAddress,
  timeoutMs: number,
  request: HttpRequest,
): Promise<ReplyOrNone> {
  const connection = await openConnection(endpoint, timeoutMs);
  if ("noReply" in connection) return connection;
  const received = await connection.exchange([Buffer.concat(encodeRequest(request, endpoint))]);
  connection.close();
  return received;
}
