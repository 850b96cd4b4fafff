import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync, zstdDecompressSync } from "node:zlib";
import { TooLong } from "../shared/http/no-answer.ts";

/** How much is shown of an unknown coding. */
const CODING = /^[\w.+-]{1,40}$/;

type Unpacker = (packed: Uint8Array, limit: { readonly maxOutputLength: number }) => Uint8Array;

/** The content codings of RFC 9110, section 8.4.1, that are in use, Brotli (RFC 7932) and Zstandard (RFC 8878). */
const UNPACKERS = new Map<string, Unpacker>([
  ["gzip", gunzipSync],
  ["x-gzip", gunzipSync],
  ["deflate", (packed, limit) => (isZlib(packed) ? inflateSync : inflateRawSync)(packed, limit)],
  ["br", brotliDecompressSync],
  ["zstd", zstdDecompressSync],
  ["identity", (bytes) => bytes],
  ["", (bytes) => bytes],
]);

/** Some servers leave out the zlib header, which names the method and is a multiple of 31 (RFC 1950). */
function isZlib([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0;
}

/**
 * Undoes a `Content-Encoding`, which lists its codings in the order in which they were applied. Throws if the bytes
 * are damaged, exceed the limit after any step, or if a coding is unknown.
 */
export function unpack(
  packed: Uint8Array,
  contentEncoding: string | undefined,
  maxBytes: number,
): Uint8Array {
  if (contentEncoding === undefined || packed.length === 0) return packed;
  let bytes = packed;
  for (const name of contentEncoding.split(",").toReversed()) {
    const coding = name.trim().toLowerCase();
    const unpackAll = UNPACKERS.get(coding);
    if (unpackAll === undefined) {
      const shown = CODING.exec(coding)?.[0];
      throw new Error(`the answer's Content-Encoding${shown === undefined ? "" : ` ${shown}`} is not known`);
    }
    try {
      bytes = unpackAll(bytes, { maxOutputLength: maxBytes });
    } catch (error) {
      const isTooLong = error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
      throw isTooLong ? new TooLong(maxBytes) : new Error("the compressed answer is damaged");
    }
  }
  return bytes;
}
