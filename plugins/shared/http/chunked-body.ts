import { NoAnswer } from "./no-answer.ts";
import { isField } from "./response-head.ts";

/** What a body in chunks (RFC 9112, section 7.1) is read into. */
export interface ChunkedOutput {
  /** Takes a part of the body. */
  readonly take: (bytes: Buffer) => void;
  /** Counts bytes that are read and dropped, extensions and trailers; false if they are too many. */
  readonly spend: (bytes: number) => boolean;
}

/**
 * Reads a body in chunks. Given the bytes from `at` on, it returns where the body ended, `undefined` if it has not yet, or
 * what is wrong with it.
 */
export type ChunkedReader = (bytes: Buffer, at: number) => number | undefined | NoAnswer;

/** What is read next: the line of a chunk's size, its bytes, the line end after them, the lines after the last one. */
type Part = "size" | "bytes" | "end" | "trailer";

const SIZE = /^([\dA-Fa-f]{1,12})(;[\t\x20-\x7e\x80-\xff]*)?$/;
const LINE_FEED = 0x0a;

export function chunkedReader({ take, spend }: ChunkedOutput): ChunkedReader {
  let part: Part = "size";
  let left = 0;
  let line = "";

  /** Takes a whole line; true at the end of the body. */
  function readLine(text: string): boolean | NoAnswer {
    if (part === "end") {
      part = "size";
      return false;
    }
    if (part === "trailer") {
      if (text === "") return true;
      return isField(text) ? false : new NoAnswer("HPE_INVALID_HEADER_TOKEN");
    }
    const size = SIZE.exec(text)?.[1];
    if (size === undefined) return new NoAnswer("HPE_INVALID_CHUNK_SIZE");
    left = Number.parseInt(size, 16);
    part = left === 0 ? "trailer" : "bytes";
    return false;
  }

  return (bytes, start) => {
    let at = start;
    while (at < bytes.length) {
      if (part === "bytes") {
        const end = Math.min(at + left, bytes.length);
        take(bytes.subarray(at, end));
        left -= end - at;
        at = end;
        if (left === 0) part = "end";
        continue;
      }
      const feed = bytes.indexOf(LINE_FEED, at);
      const end = feed === -1 ? bytes.length : feed + 1;
      line += bytes.toString("latin1", at, end);
      // A chunk has the size that it says, or the answer is not what it seems to be.
      if (part === "end" && !"\r\n".startsWith(line)) return new NoAnswer("HPE_STRICT");
      if (isDropped(part, line) && !spend(end - at)) return new NoAnswer("HPE_HEADER_OVERFLOW");
      at = end;
      if (feed === -1) return undefined;
      if (!line.endsWith("\r\n")) return new NoAnswer("HPE_CR_EXPECTED");
      const text = line.slice(0, -2);
      line = "";
      const isAtEnd = readLine(text);
      if (isAtEnd instanceof NoAnswer) return isAtEnd;
      if (isAtEnd) return at;
    }
    return undefined;
  };
}

/** Sizes themselves are not counted: a long body has many. */
function isDropped(part: Part, line: string): boolean {
  return part === "trailer" || line.length > 14;
}
