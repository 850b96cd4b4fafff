import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 65_536;

/**
 * The bytes of a file, or of a file descriptor; `undefined` if it has more than so many. No more are read: a device, or
 * a file that was named by mistake, may have no end. Throws what the system throws.
 */
export function readAtMost(file: string | number, maxBytes: number): Uint8Array | undefined {
  const descriptor = typeof file === "number" ? file : openSync(file, "r");
  try {
    const chunks: Uint8Array[] = [];
    for (let left = maxBytes + 1; left > 0;) {
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, left));
      const count = readSync(descriptor, chunk);
      if (count === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, count));
      left -= count;
    }
    return undefined;
  } finally {
    if (descriptor !== file) closeSync(descriptor);
  }
}
