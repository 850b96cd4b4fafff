import type { ReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { SingleBar } from "cli-progress";
import { CsvError, parse } from "csv-parse";
import { describeFileError } from "../../file-error.ts";
import { Failure } from "../../failure.ts";
import { type Encoding, separated, textOf } from "./csv-text.ts";

/**
 * Longer than any row. Without a limit, a quote that is never closed would collect the rest of the file in memory.
 */
const MAX_ROW_CHARACTERS = 16_384;

const STANDARD_INPUT = "-";

export interface CsvRow {
  /** The line that the row begins in, from 1. */
  readonly line: number;
  /** What the file's columns are separated by. */
  readonly separator: string;
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
 * Reads a CSV file (`-` is standard input) row by row, with a progress bar on a terminal. Rows without any
 * content are left out. Throws a `BrokenRow`, or one line about the file as a whole.
 */
export async function* csvRows(file: string, encoding: Encoding = "utf-8"): AsyncIterableIterator<CsvRow> {
  // It shows nothing if standard error is not a terminal, because it would switch off line wrapping for good.
  const progress = new SingleBar({ format: "{bar} {percentage} %", clearOnComplete: true, linewrap: true });
  let stream: ReadStream | undefined;
  try {
    if (file !== STANDARD_INPUT) {
      const handle = await open(file);
      stream = handle.createReadStream();
      progress.start((await handle.stat()).size, 0);
    }
    const bytes = counted(stream ?? process.stdin, (count) => progress.increment(count));
    const { separator, text } = await separated(textOf(bytes, encoding), MAX_ROW_CHARACTERS);
    const parser = parse({
      delimiter: separator,
      record_delimiter: "\n",
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      max_record_size: MAX_ROW_CHARACTERS,
      on_record: (fields, { lines }) => [String(lines), ...fields],
    });
    // An error of any part comes out of the last one, which is read here.
    pipeline(text, parser, () => {});
    // What `on_record` makes of each.
    const rows: AsyncIterable<string[]> = parser;
    for await (const [lastLine, ...fields] of rows) {
      yield { line: Number(lastLine) - linesWithin(fields), separator, fields };
    }
  } catch (error) {
    throw explainedRead(error, file, encoding);
  } finally {
    progress.stop();
    // This also closes the handle; nothing else closes a file that was not read to its end.
    stream?.destroy();
  }
}

async function* counted(
  chunks: AsyncIterable<Buffer>,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

/** How many lines a row goes on for after its first one. */
function linesWithin(fields: readonly string[]): number {
  return fields.reduce((count, field) => count + field.split("\n").length - 1, 0);
}

function explainedRead(error: unknown, file: string, encoding: Encoding): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof CsvError) return brokenRow(error);
  if (error instanceof TypeError) {
    const hint = encoding === "utf-8" ? ": is it windows-1252? Then --encoding windows-1252 reads it" : "";
    return new Failure(`${shown(file)}: not ${encoding.toUpperCase()}${hint}`, 1);
  }
  return new Failure(`cannot read ${shown(file)}: ${describeFileError(error)}`, 2);
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
