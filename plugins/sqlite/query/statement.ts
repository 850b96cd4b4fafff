import type { Database } from "bun:sqlite";

const PARAMETERS: ReadonlySet<string> = new Set([":player_id", ":session_id"]);

/** Strings, quoted names and comments, which may hold what only looks like a parameter; or a parameter. */
const QUOTED_OR_PARAMETER =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?\*\/|([:@$?][\w$:]*)/g;

/** As SQLite's bindings give them with `safeIntegers`. */
export type Row = Readonly<Record<string, bigint | number | string | Uint8Array | null>>;

/** The parameters that are bound, never spliced into the text. */
interface Parameters {
  readonly player_id: string;
  readonly session_id: string;
}

/** A prepared SELECT over the operator's own tables. */
export type Select = (parameters: Parameters) => readonly Row[];

/**
 * Prepares the operator's query; it answers with two rows at most. Throws, in words for the operator, if
 * it is not one SELECT, lacks `:player_id`, or does not yield a balance.
 */
export function prepareSelect(database: Database, query: string): Select {
  const sql = query.replace(/[\s;]+$/, "");
  const plain = database.prepare(sql);
  if (!plain.readonly) throw new Error("`query` writes: expected one SELECT");
  assertParameters(sql);
  assertColumns(plain.columnNames);
  plain.finalize();
  const statement = database
    .prepare<Row, [Record<string, string>]>(limited(database, sql))
    .safeIntegers(true);
  return ({ player_id, session_id }) => statement.all({ player_id, session_id });
}

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

function assertParameters(sql: string): void {
  const found = Array.from(sql.matchAll(QUOTED_OR_PARAMETER), (match) => match[1]).filter(
    (name) => name !== undefined,
  );
  const unknown = found.find((name) => !PARAMETERS.has(name));
  if (unknown !== undefined) {
    throw new Error(
      `\`query\` has the parameter ${unknown}: expected :player_id, and :session_id if it helps`,
    );
  }
  if (!found.includes(":player_id")) {
    throw new Error("`query` does not use :player_id: expected something like WHERE id = :player_id");
  }
}

function assertColumns(columns: readonly string[]): void {
  const [balance, balanceMinor] = [columns.includes("balance"), columns.includes("balance_minor")];
  if (balance !== balanceMinor) return;
  const yielded = columns.join(", ");
  throw new Error(
    balance
      ? `\`query\` yields both balance and balance_minor (${yielded}): expected one of them`
      : `\`query\` yields ${yielded}: expected a column balance or balance_minor, for example by … AS balance`,
  );
}
