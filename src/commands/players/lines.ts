import { print, printed } from "../../standard-output.ts";

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

/** Prints lines as fast as the reader takes them. */
export async function printLines(lines: Lines): Promise<void> {
  for await (const chunk of chunked(lines)) {
    print(chunk);
    await printed();
  }
}
