import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** How many lines are written at a time. */
const LINES_A_CHUNK = 1000;

type Lines = Iterable<string> | AsyncIterable<string>;

/** Joins lines into pieces that are worth a system call. */
export async function* chunked(lines: Lines): AsyncGenerator<string> {
  let chunk: string[] = [];
  for await (const line of lines) {
    chunk.push(line);
    if (chunk.length === LINES_A_CHUNK) {
      yield chunk.join("");
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk.join("");
}

/** Writes lines to standard output as fast as its reader takes them. A reader that left (`| head`) ends it quietly. */
export async function print(lines: Lines): Promise<void> {
  try {
    await pipeline(Readable.from(chunked(lines)), process.stdout, { end: false });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
  }
}
