import type { Database } from "bun:sqlite";
import { open, rename, rm } from "node:fs/promises";
import { stringify } from "csv-stringify/sync";
import { describeFileError } from "../../file-error.ts";
import { Failure } from "../../failure.ts";
import { ENTRY_FIELDS } from "./entry.ts";
import { eachEntry } from "./list.ts";
import { chunked } from "./output.ts";

/** The balances of everyone are nobody else's business. */
const FILE_MODE = 0o600;

/** The lines of the CSV file, its header first. */
export function* csvLines(database: Database): IterableIterator<string> {
  yield `${ENTRY_FIELDS.join(",")}\n`;
  for (const { player_id, currency, balance } of eachEntry(database)) {
    yield stringify([[player_id, currency, balance]]);
  }
}

/** Writes the file in one step: under its name there is the old content or all of the new, never a part. */
export async function writeWhole(file: string, lines: Iterable<string>): Promise<void> {
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    const handle = await open(unfinished, "wx", FILE_MODE);
    try {
      for (const chunk of chunked(lines)) await handle.write(chunk);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error instanceof Failure
      ? error
      : new Failure(`cannot write ${file}: ${describeFileError(error)}`, 1);
  }
}
