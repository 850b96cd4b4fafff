import { callFailure } from "./failure.ts";
import type { CoreRequest } from "./request.ts";
import type { ClientTls } from "./tls.ts";

/** A complete answer of the core. */
export interface CoreResponse {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where the answer's status alone decides. */
  readonly text: string;
}

export interface CallLimits {
  readonly tls: ClientTls | undefined;
  /** Counted after decompression. */
  readonly maxResponseBytes: number;
  /** Tells by the status whether the body matters; where not, none of it is read. */
  readonly needsBody: (status: number) => boolean;
}

/** One HTTP exchange. Ends with `signal`, whatever it is doing; throws `Unavailable` where there was no answer. */
export type Call = (request: CoreRequest, signal: AbortSignal) => Promise<CoreResponse>;

export function caller({ tls, maxResponseBytes, needsBody }: CallLimits): Call {
  return async (request, signal) => {
    try {
      const { url, method, headers, body = null } = request;
      const init: BunFetchRequestInit = { method, headers, body, redirect: "manual", signal };
      if (tls !== undefined) init.tls = tls;
      const response = await fetch(url, init);
      const { status } = response;
      if (needsBody(status)) {
        return { status, headers: response.headers, text: await readText(response, maxResponseBytes) };
      }
      await response.body?.cancel();
      return { status, headers: response.headers, text: "" };
    } catch (error) {
      if (error instanceof TooLong) throw error;
      throw callFailure(error, new URL(request.url).host, signal);
    }
  };
}

class TooLong extends Error {
  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes (max_response_bytes)`);
  }
}

function readText(response: Response, maxBytes: number): Promise<string> {
  const { headers } = response;
  const declared = headers.get("content-length");
  // A body cannot be longer than its Content-Length, unless that counts compressed bytes or chunks overrule it.
  const isBound = !headers.has("content-encoding") && !headers.has("transfer-encoding");
  if (declared !== null && Number(declared) <= maxBytes && isBound) return response.text();
  return readPieces(response, maxBytes);
}

async function readPieces(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the body, which closes the connection.
    if (bytes > maxBytes) throw new TooLong(maxBytes);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
