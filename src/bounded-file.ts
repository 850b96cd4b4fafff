import { closeSync, openSync, readSync } from "node:fs";

const CHUNK_BYTES = 65_536;

/**
 * The bytes of a file; `undefined` if it has more than so many. No more are read: a device, or a file that was named by
 * mistake, may have no end. Throws what the system throws.
 */
export function readAtMost(file: string, maxBytes: number): Uint8Array | undefined {
  const descriptor = openSync(file, "r");
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
    closeSync(descriptor);
  }
}

/** The same of a stream. */
export async function collectAtMost(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) return undefined;
  }
  return Buffer.concat(chunks);
}
