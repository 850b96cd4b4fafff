import { stringify } from "csv-stringify/sync";
import type { PlayersTable } from "../../../plugins/shared/players-table.ts";
import { describeFileError } from "../../file-error.ts";
import { Failure } from "../../failure.ts";
import { replaceFile } from "../whole-file.ts";
import type { ExponentOf } from "../../protocol/currency.ts";
import { ENTRY_FIELDS, withAllDecimals } from "../../players/entry.ts";
import { eachEntry } from "./list.ts";
import { chunked } from "./lines.ts";

/** Everybody's balances are nobody else's business. */
const FILE_MODE = 0o600;

/** The lines of the CSV file, its header first. */
export async function* csvLines(players: PlayersTable, exponentOf: ExponentOf): AsyncGenerator<string> {
  yield `${ENTRY_FIELDS.join(",")}\n`;
  for await (const entry of eachEntry(players, exponentOf)) {
    yield stringify([[entry.player_id, entry.currency, withAllDecimals(entry, exponentOf)]]);
  }
}

/** Writes the lines to a file, all of them or none, and returns their number. */
export async function writeLines(file: string, lines: AsyncIterable<string>): Promise<number> {
  let count = 0;
  async function* countedLines(): AsyncGenerator<string> {
    for await (const line of lines) {
      count += 1;
      yield line;
    }
  }
  try {
    await replaceFile(file, chunked(countedLines()), FILE_MODE);
    return count;
  } catch (error) {
    throw error instanceof Failure
      ? error
      : new Failure(`cannot write ${file}: ${describeFileError(error)}`, 1);
  }
}
