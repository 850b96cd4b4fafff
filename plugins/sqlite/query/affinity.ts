import type { Database } from "bun:sqlite";
import { comparedWith } from "../../shared/query/comparisons.ts";
import { SQLITE } from "../../shared/query/dialect.ts";

/**
 * What a column keeps, by its declared type (sqlite.org/datatype3.html, section 3.1): a type with INT in it
 * is an integer; else one with any of these is no number; else it is numeric.
 */
const NOT_A_NUMBER = /CHAR|CLOB|TEXT|BLOB/i;

/** True if a column of the type keeps 30.5 as a floating-point number. `null` is the type of an expression. */
export function isKeptAsReal(declaredType: string | null | undefined): boolean {
  return (
    typeof declaredType === "string" &&
    declaredType !== "" &&
    !/INT/i.test(declaredType) &&
    !NOT_A_NUMBER.test(declaredType)
  );
}

/** As SQLite reads a number in a text: with spaces around it, a sign, leading zeros, a fraction and an exponent. */
const NUMBER = /^ *[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)? *$/i;

/** Whether a text is a number that is not spelled as SQLite would spell it, such as 012001. */
export function isOddNumber(text: string): boolean {
  if (!NUMBER.test(text)) return false;
  const integer = /^[ +-]*\d+ *$/.test(text) ? BigInt(text) : undefined;
  // An integer of more than 64 bits is rounded, as a fraction is.
  const isExact = integer !== undefined && BigInt.asIntN(64, integer) === integer;
  return (isExact ? String(integer) : String(Number(text))) !== text;
}

/** The collation of a column that the query seems to compare the player's id with, if abc and Abc are one to it. */
export function collationCompared(database: Database, sql: string): string | undefined {
  for (const { place, column, declaration } of columnsCompared(database, sql)) {
    // No pragma tells it. What comes after a comma is another column, but for the decimals of a type.
    const name = column.replaceAll("$", "\\$");
    const collated = new RegExp(
      `["\`[\\s(,]${name}["\`\\]\\s](?:[^,]|,\\s*\\d)*?\\bCOLLATE\\s+["\`[]?(NOCASE|RTRIM)\\b`,
      "iu",
    );
    const collation = collated.exec(declaration)?.[1];
    if (collation !== undefined) return `the collation ${collation} of ${place}`;
  }
  return undefined;
}

interface Compared {
  /** `accounts.id` */
  readonly place: string;
  readonly column: string;
  readonly table: string;
  /** The statement that made the table. */
  readonly declaration: string;
}

/** Columns of the query's tables whose names stand beside the player's id in a comparison. */
function columnsCompared(database: Database, sql: string): readonly Compared[] {
  const names = comparedWith(sql, ":player_id", SQLITE).map((each) => each.split(".").at(-1) ?? "");
  const words = new Set(sql.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu));
  const columnsNamed = database.prepare<Compared, [string]>(
    'SELECT t.name || \'.\' || c.name AS place, c.name AS "column", t.name AS "table", t.sql AS declaration ' +
      "FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND c.name = ? COLLATE NOCASE",
  );
  return names
    .flatMap((name) => columnsNamed.all(name))
    .filter(({ table }) => words.has(table.toLowerCase()));
}
