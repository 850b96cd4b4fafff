import type { PlayersTable, StagedRow, Staging } from "../../../plugins/shared/players-table.ts";
import { Failure } from "../../failure.ts";
import { BrokenRow, type CsvRow, csvRows, shown } from "./csv-rows.ts";
import { endProcess } from "../../host-process.ts";
import { compare, type Comparison } from "./comparison.ts";
import { plainAmount } from "./csv-amount.ts";
import { type Columns, columnsOf } from "./csv-header.ts";
import type { Encoding } from "./csv-text.ts";
import { ENTRY_FIELDS, type EntryRules, type ParsedEntry, parseEntry } from "../../players/entry.ts";

/** Bad rows are named up to this number and counted beyond it. */
const MAX_NAMED_ROWS = 20;

/** 128 plus the number of SIGINT, as in a shell. */
const INTERRUPTED_STATUS = 130;

/** How many rows go to the database at a time. */
const BATCH_ROWS = 1000;

export interface ImportOptions extends EntryRules {
  readonly encoding: Encoding;
  /** Nothing is changed in any case. */
  readonly isRehearsal: boolean;
}

/**
 * Imports a CSV file (`-` is standard input) and returns what that changes. All or nothing: on bad rows it throws
 * one report of them, and nothing is changed.
 */
export async function importPlayers(
  players: PlayersTable,
  file: string,
  options: ImportOptions,
): Promise<Comparison> {
  process.once("SIGINT", endInterrupted);
  const staging = await players.stage();
  const problems = await stageRows(staging, file, options);
  if (problems.count > 0) throw new Failure(report(file, problems), 1);
  const comparison = await compare(staging, options.exponentOf);
  process.off("SIGINT", endInterrupted);
  if (!options.isRehearsal) await staging.publish();
  return comparison;
}

/** The end of the process undoes what was staged. All that is left is to say so. */
function endInterrupted(): never {
  // A terminal shows the progress on this line.
  process.stderr.write(`${process.stderr.isTTY ? "\n" : ""}interrupted: nothing was changed\n`);
  return endProcess(INTERRUPTED_STATUS);
}

interface RowProblem {
  readonly line: number;
  readonly problem: string;
}

interface Problems {
  readonly count: number;
  readonly named: readonly string[];
}

async function stageRows(staging: Staging, file: string, options: ImportOptions): Promise<Problems> {
  const named: string[] = [];
  let count = 0;
  const complain = (line: number, problem: string): void => {
    count += 1;
    if (count <= MAX_NAMED_ROWS) named.push(`line ${line}: ${problem}`);
  };
  let columns: Columns | undefined;
  let batch: StagedRow[] = [];
  let batchProblems: RowProblem[] = [];
  const stageBatch = async (): Promise<void> => {
    for (const { line, earlierLine } of await staging.add(batch)) {
      batchProblems.push({ line, problem: `the same player_id as line ${earlierLine}` });
    }
    for (const { line, problem } of batchProblems.toSorted((one, other) => one.line - other.line)) {
      complain(line, problem);
    }
    batch = [];
    batchProblems = [];
  };
  try {
    for await (const row of csvRows(file, options.encoding)) {
      const { line } = row;
      if (columns === undefined) {
        columns = headerOf(file, row);
        continue;
      }
      const parsed = parseRow(row, columns, options);
      if (parsed.player === undefined) batchProblems.push({ line, problem: parsed.problem });
      else batch.push({ player: parsed.player, line });
      if (batch.length + batchProblems.length === BATCH_ROWS) await stageBatch();
    }
    await stageBatch();
  } catch (error) {
    if (!(error instanceof BrokenRow)) throw error;
    await stageBatch();
    complain(error.line, error.message);
    return { count, named };
  }
  if (columns === undefined) {
    throw new Failure(`${shown(file)}: empty: expected a header with ${ENTRY_FIELDS.join(", ")}`, 1);
  }
  return { count, named };
}

function headerOf(file: string, { fields, line }: CsvRow): Columns {
  const columns = columnsOf(fields);
  if ("problem" in columns) throw new Failure(`${shown(file)}: line ${line}: ${columns.problem}`, 1);
  return columns;
}

/** What spreadsheets turn a long number into. As an id it would be nobody's. */
const SHORTENED_NUMBER = /^\d(?:[.,]\d+)?E\+\d+$/i;

const IS_COMMA_WITHIN = ': is there a comma in an amount? Write a point, or "…" around the field';

function parseRow({ fields, separator }: CsvRow, columns: Columns, rules: EntryRules): ParsedEntry {
  const further = fields.slice(columns.count).filter((field) => field.trim() !== "");
  const [player_id, currency, balance] = ENTRY_FIELDS.map((field) => fields[columns[field]]);
  if (player_id === undefined || currency === undefined || balance === undefined || further.length > 0) {
    const hint = separator === "," && fields.length > columns.count ? IS_COMMA_WITHIN : "";
    return { problem: `expected ${columns.count} fields, as the header has, found ${fields.length}${hint}` };
  }
  // A padded column would add players that nobody asks for, and leave the real ones their old balances.
  if (player_id !== player_id.trim()) {
    return { problem: 'player_id: white space at an end of the id; if it is meant, use "players set"' };
  }
  if (SHORTENED_NUMBER.test(player_id)) {
    return { problem: "player_id: a shortened number: let the spreadsheet show all digits of it" };
  }
  const entry = { player_id, currency: currency.trim(), balance };
  const exponent = rules.exponentOf(entry.currency);
  if (exponent === undefined) return parseEntry(entry, rules);
  const plain = plainAmount(balance, separator, exponent);
  if ("problem" in plain) return { problem: `balance: ${plain.problem}` };
  return parseEntry({ ...entry, balance: plain.amount }, rules);
}

function report(file: string, { count, named }: Problems): string {
  const further = count - named.length;
  return [
    `${shown(file)}: ${count === 1 ? "1 bad row" : `${count} bad rows`}, nothing was changed`,
    ...named,
    ...(further > 0 ? [`and ${further} more`] : []),
  ].join("\n");
}
