import { close, fstat, open, read } from "node:fs";
import { promisify } from "node:util";

/** How a file that lines are appended to ends. */
export interface FileEnd {
  readonly sizeBytes: number;
  /** Its last line has no newline. */
  readonly isInsideLine: boolean;
}

const NEWLINE = 10;

/**
 * `undefined` if it is not a file (a pipe, for example), or cannot be read: because of its mode, or on a system without
 * this path.
 */
export async function endOfFile(fileDescriptor: number): Promise<FileEnd | undefined> {
  try {
    const entry = await promisify(fstat)(fileDescriptor);
    if (!entry.isFile()) return undefined;
    const { size: sizeBytes } = entry;
    if (sizeBytes === 0) return { sizeBytes, isInsideLine: false };
    // The descriptor itself most likely can only be written to.
    const reader = await promisify(open)(`/dev/fd/${fileDescriptor}`, "r");
    try {
      const last = new Uint8Array(1);
      await promisify(read)(reader, last, 0, last.length, sizeBytes - 1);
      return { sizeBytes, isInsideLine: last[0] !== NEWLINE };
    } finally {
      await promisify(close)(reader);
    }
  } catch {
    return undefined;
  }
}
