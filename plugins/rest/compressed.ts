import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";

/** The longest answer that is taken, counted as it was sent and again unpacked. */
export class TooLong extends Error {
  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes (max_response_bytes)`);
  }
}

/** The content codings of RFC 9110, section 8.4.1, that are in use, and Brotli (RFC 7932). */
const UNPACK = new Map([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["deflate", inflateSync],
  ["br", brotliDecompressSync],
]);

/** Unpacks what a core packed without being asked, up to a limit. Throws where it is longer, or damaged. */
export function unpack(packed: Uint8Array, coding: string, maxBytes: number): Uint8Array {
  const unpackAll = UNPACK.get(coding.trim().toLowerCase());
  if (unpackAll === undefined) throw new Error("the answer's Content-Encoding is not known");
  try {
    return unpackAll(packed, { maxOutputLength: maxBytes });
  } catch (error) {
    const isTooLong = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
    throw isTooLong ? new TooLong(maxBytes) : new Error("the compressed answer is damaged");
  }
}
