import type { PlayersTable, StagedRow, Staging } from "../../../plugins/shared/players-table.ts";
import { Failure } from "../../failure.ts";
import { BrokenRow, type CsvRow, csvRows, shown } from "./csv-rows.ts";
import { endProcess } from "../../host-process.ts";
import type { ExponentOf } from "../../protocol/currency.ts";
import { ENTRY_FIELDS, parseEntry } from "../../players/entry.ts";

/** Bad rows are named up to this number and counted beyond it. */
const MAX_NAMED_ROWS = 20;

/** 128 and the number of SIGINT, as shells have it. */
const INTERRUPTED_STATUS = 130;

const MAX_HEADER_CHARACTERS = 60;

/** How many rows go to the database at a time. */
const BATCH_ROWS = 1000;

const HEADER = ENTRY_FIELDS.join(",");

/**
 * Imports a CSV file (`-` is standard input) and returns the number of its players. All or nothing: on bad
 * rows it throws one report of them, and nothing is changed. With `dryRun` nothing is changed in any case.
 */
export async function importPlayers(
  players: PlayersTable,
  file: string,
  exponentOf: ExponentOf,
  dryRun: boolean,
): Promise<number> {
  process.once("SIGINT", endInterrupted);
  const staging = await players.stage();
  const problems = await stageRows(staging, file, exponentOf);
  if (problems.count > 0) throw new Failure(report(file, problems), 1);
  process.off("SIGINT", endInterrupted);
  if (!dryRun) await staging.publish();
  return staging.count();
}

/** The end of the process undoes what was staged; that is only to be said. */
function endInterrupted(): never {
  process.stderr.write("interrupted: nothing was changed\n");
  return endProcess(INTERRUPTED_STATUS);
}

/** A header in another form shows which: other separators, other names, or none at all. */
function found(fields: readonly string[]): string {
  const text = fields.join(",");
  return JSON.stringify(
    text.length > MAX_HEADER_CHARACTERS ? `${text.slice(0, MAX_HEADER_CHARACTERS)}…` : text,
  );
}

interface Problem {
  readonly line: number;
  readonly problem: string;
}

interface Problems {
  readonly count: number;
  readonly named: readonly string[];
}

async function stageRows(staging: Staging, file: string, exponentOf: ExponentOf): Promise<Problems> {
  const named: string[] = [];
  let count = 0;
  const complain = (line: number, problem: string): void => {
    count += 1;
    if (count <= MAX_NAMED_ROWS) named.push(`line ${line}: ${problem}`);
  };
  let batch: CsvRow[] = [];
  const stageBatch = async (): Promise<void> => {
    const rows = batch;
    batch = [];
    for (const { line, problem } of await stageRowsOf(staging, rows, exponentOf)) complain(line, problem);
  };
  let hasHeader = false;
  try {
    for await (const row of csvRows(file)) {
      if (hasHeader) {
        batch.push(row);
        if (batch.length === BATCH_ROWS) await stageBatch();
      } else if (row.fields.join(",") === HEADER) {
        hasHeader = true;
      } else {
        throw new Failure(
          `${shown(file)}: line ${row.line}: expected the header ${HEADER}, found ${found(row.fields)}`,
          1,
        );
      }
    }
    await stageBatch();
  } catch (error) {
    if (!(error instanceof BrokenRow)) throw error;
    await stageBatch();
    complain(error.line, error.message);
    return { count, named };
  }
  if (!hasHeader) throw new Failure(`${shown(file)}: empty: expected the header ${HEADER}`, 1);
  return { count, named };
}

/** The problems of rows, in their order. */
async function stageRowsOf(
  staging: Staging,
  rows: readonly CsvRow[],
  exponentOf: ExponentOf,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const good: StagedRow[] = [];
  for (const row of rows) {
    const parsed = parseRow(row, exponentOf);
    if (parsed.player === undefined) problems.push({ line: row.line, problem: parsed.problem });
    else good.push({ player: parsed.player, line: row.line });
  }
  for (const { line, earlierLine } of await staging.add(good)) {
    problems.push({ line, problem: `the same player_id as line ${earlierLine}` });
  }
  return problems.toSorted((one, other) => one.line - other.line);
}

function parseRow({ fields }: CsvRow, exponentOf: ExponentOf): ReturnType<typeof parseEntry> {
  const [player_id, currency, balance, ...further] = fields;
  if (player_id === undefined || currency === undefined || balance === undefined || further.length > 0) {
    return { problem: `expected ${ENTRY_FIELDS.length} fields, found ${fields.length}` };
  }
  return parseEntry({ player_id, currency, balance }, exponentOf);
}

function report(file: string, { count, named }: Problems): string {
  const further = count - named.length;
  return [
    `${shown(file)}: ${count === 1 ? "1 bad row" : `${count} bad rows`}, nothing was changed`,
    ...named,
    ...(further > 0 ? [`and ${further} more`] : []),
  ].join("\n");
}
