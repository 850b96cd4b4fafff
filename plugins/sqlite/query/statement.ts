import type { Database } from "bun:sqlite";
import type { BalanceQuery, LookupResult } from "../../../src/plugin.ts";
import { balanceColumns } from "../../shared/query/columns.ts";
import { needsId } from "../../shared/query/loose.ts";
import type { Query } from "../../shared/query/parameters.ts";
import { collationCompared, isKeptAsReal, isOddNumber } from "./affinity.ts";
import { type QueryOptions, REAL, sqliteRowReader } from "./row.ts";

/** As SQLite's bindings give them with `safeIntegers`. */
export type Row = Readonly<Record<string, bigint | number | string | Uint8Array | null>>;

/** The operator's query, ready to be asked. */
export interface Prepared {
  /** Two rows at most. */
  select(asked: BalanceQuery): readonly Row[];
  /**
   * What the rows say about the player that was asked for. What it throws goes to the log, so it does not show the
   * value.
   */
  resultOf(rows: readonly Row[], playerId: string): LookupResult;
}

/** Throws, with a message for the operator, if the query is not one SELECT or does not yield a balance. */
export function prepareSelect(database: Database, query: Query, options: QueryOptions): Prepared {
  const sql = query.render((parameter) => `:${parameter}`);
  const names = namesOf(database, sql, query, options);
  const statement = database
    .prepare<Row, [Record<string, string>]>(limited(database, sql))
    .safeIntegers(true);
  const resultOf = sqliteRowReader(names, options);
  const givesId = balanceColumns(names).has("player_id");
  const rowsOf = (playerId: string, { sessionId }: BalanceQuery) =>
    statement.all({ player_id: playerId, session_id: sessionId });
  // One transaction, so that no commit in between makes two rows of one.
  const rowsOfBoth = database.transaction((asked: BalanceQuery) => [
    rowsOf(asked.playerId, asked),
    rowsOf(` ${asked.playerId}`, asked),
  ]);

  /** A column of numbers takes 012001 for 12001, and no notice of a space before it. A column of texts does neither. */
  function selectSpelled(asked: BalanceQuery): readonly Row[] {
    const [rows = [], others = []] = rowsOfBoth(asked);
    if (rows.length > 0 && Bun.deepEquals(rows, others)) throw new Error(TAKES_OTHER_IDS);
    return rows;
  }

  return {
    select(asked) {
      return givesId || !isOddNumber(asked.playerId) ? rowsOf(asked.playerId, asked) : selectSpelled(asked);
    },
    resultOf([row, another], playerId) {
      if (row === undefined) return null;
      if (another !== undefined) throw new Error("the query gives several rows: expected one for a player");
      return resultOf(row, playerId);
    },
  };
}

/** The columns as the query itself names them: around it, SQLite gives a doubled one another name. */
function namesOf(
  database: Database,
  sql: string,
  { looseBy }: Query,
  { round, warn }: QueryOptions,
): readonly string[] {
  const plain = database.prepare(sql);
  try {
    if (!plain.readonly) throw new Error("`query` writes: expected one SELECT");
    const columns = balanceColumns(plain.columnNames);
    const balance = columns.get("balance");
    if (round === undefined && balance !== undefined && isKeptAsReal(plain.declaredTypes[balance]))
      warn?.(REAL);
    if (columns.has("player_id")) return plain.columnNames;
    const by = looseBy ?? collationCompared(database, sql);
    if (by !== undefined) throw new Error(needsId(by));
    return plain.columnNames;
  } finally {
    plain.finalize();
  }
}

const TAKES_OTHER_IDS =
  "the query takes this id for the number that it spells, as 012001 for 12001: let it yield the stored id as player_id, too";

/** Only a SELECT, and only one, fits between parentheses: SQLite itself would drop what follows a first statement. */
function limited(database: Database, sql: string): string {
  const inner = `SELECT * FROM (\n${sql}\n) LIMIT 2`;
  try {
    database.prepare(inner).finalize();
  } catch {
    throw new Error("`query` is not one SELECT");
  }
  return inner;
}
