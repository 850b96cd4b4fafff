import { TooLong, unpack } from "./compressed.ts";
import { callFailure } from "./failure.ts";
import type { CoreRequest } from "./request.ts";
import type { ClientTls } from "../shared/tls.ts";

/** A complete answer of the core. */
export interface CoreResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where the answer's status alone decides. */
  readonly text: string;
}

export interface CallLimits {
  readonly tls: ClientTls | undefined;
  /** Counted as it is sent, and again unpacked. */
  readonly maxResponseBytes: number;
  /** Tells by the status whether the body matters; where not, none of it is read. */
  readonly needsBody: (status: number) => boolean;
}

/** One HTTP exchange. Ends with `signal`, whatever it is doing; throws `Unavailable` where there was no answer. */
export type Call = (request: CoreRequest, signal: AbortSignal) => Promise<CoreResponse>;

export function caller({ tls, maxResponseBytes, needsBody }: CallLimits): Call {
  async function exchange({ url, method, headers, body }: CoreRequest, signal: AbortSignal) {
    // The runtime's own unpacking goes on when an answer was given up, however much a few bytes grow to.
    const init: BunFetchRequestInit = { method, headers, redirect: "manual", signal, decompress: false };
    if (body !== undefined) init.body = body;
    if (tls !== undefined) init.tls = tls;
    try {
      const response = await fetch(url, init);
      if (needsBody(response.status)) return { response, bytes: await readBytes(response, maxResponseBytes) };
      await response.body?.cancel();
      return { response, bytes: new Uint8Array() };
    } catch (error) {
      if (error instanceof TooLong) throw error;
      throw callFailure(error, new URL(url).host, signal);
    }
  }

  return async (request, signal) => {
    const { response, bytes } = await exchange(request, signal);
    const { status, headers } = response;
    const coding = headers.get("content-encoding");
    const unpacked = coding === null || bytes.length === 0 ? bytes : unpack(bytes, coding, maxResponseBytes);
    return { status, headers, text: utf8.decode(unpacked) };
  };
}

const utf8 = new TextDecoder();

async function readBytes(response: Response, maxBytes: number): Promise<Uint8Array> {
  const { headers } = response;
  const declared = headers.get("content-length");
  // A body cannot be longer than its Content-Length, unless chunks overrule it.
  if (declared !== null && Number(declared) <= maxBytes && !headers.has("transfer-encoding")) {
    return response.bytes();
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength;
    // Leaving the loop cancels the body, which closes the connection.
    if (length > maxBytes) throw new TooLong(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
