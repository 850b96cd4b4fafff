import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { SingleBar } from "cli-progress";
import { CsvError, parse } from "csv-parse";
import { describeFileError } from "../../file-error.ts";
import { Failure } from "../../failure.ts";

/** More than any row has; without it a quote that is never closed would gather the rest of the file in memory. */
const MAX_ROW_CHARACTERS = 16_384;

const STANDARD_INPUT = "-";

export interface CsvRow {
  /** Where the row is in the file, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** A row after which nothing is certain, because its quotes are wrong. */
export class BrokenRow extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

/**
 * Reads a CSV file (`-` is standard input) row by row, with a progress bar on a terminal.
 * Throws a `BrokenRow`, or one line about the file as a whole.
 */
export async function* csvRows(file: string): AsyncIterableIterator<CsvRow> {
  // It shows nothing if standard error is no terminal, whose line wrapping it would switch off for good.
  const progress = new SingleBar({ format: "{bar} {percentage} %", clearOnComplete: true, linewrap: true });
  const parser = parse({
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_ROW_CHARACTERS,
    on_record: (fields, { lines }) => [String(lines), ...fields],
  });
  try {
    const handle = file === STANDARD_INPUT ? undefined : await open(file);
    const input = handle?.createReadStream() ?? process.stdin;
    if (handle !== undefined) progress.start((await handle.stat()).size, 0);
    const decoded = (chunks: AsyncIterable<Buffer>): AsyncIterable<string> =>
      decode(chunks, (bytes) => progress.increment(bytes));
    // What goes wrong in any part comes out of the last one, which is read here.
    pipeline(input, decoded, parser, () => {});
    // What `on_record` makes of each.
    const rows: AsyncIterable<string[]> = parser;
    for await (const [line, ...fields] of rows) yield { line: Number(line), fields };
  } catch (error) {
    throw explainedRead(error, file);
  } finally {
    progress.stop();
  }
}

/** Strict, so that a file in another encoding does not become players that nobody can ask for. Drops a byte-order mark. */
async function* decode(
  chunks: AsyncIterable<Buffer>,
  onBytes: (count: number) => void,
): AsyncIterableIterator<string> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield utf8.decode(chunk, { stream: true });
  }
  yield utf8.decode();
}

function explainedRead(error: unknown, file: string): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof CsvError) return brokenRow(error);
  if (error instanceof TypeError) return new Failure(`${shown(file)}: not UTF-8`, 1);
  return new Failure(`cannot read ${shown(file)}: ${describeFileError(error)}`, 1);
}

function brokenRow(error: CsvError): BrokenRow {
  const line = Number(error["lines"] ?? 0);
  return error.code === "CSV_MAX_RECORD_SIZE"
    ? new BrokenRow(line, `more than ${MAX_ROW_CHARACTERS} characters in a row: is a quote not closed?`)
    : new BrokenRow(
        line,
        'a quote here or above is not in order: expected "…" around a whole field, and "" for a quote inside',
      );
}

/** How a message names the input. */
export function shown(file: string): string {
  return file === STANDARD_INPUT ? "standard input" : file;
}
