import type { Database } from "bun:sqlite";

/**
 * How a column compares and what it keeps, by its declared type (sqlite.org/datatype3.html, section 3.1): the first
 * of these that the type contains counts, and a type that contains none of them is numeric.
 */
const NOT_A_NUMBER = /CHAR|CLOB|TEXT|BLOB/i;

/** True if a comparison with the column makes a number of what is compared: 012001 is then 12001. */
function comparesAsNumber(declaredType: string): boolean {
  return /INT/i.test(declaredType) || (declaredType !== "" && !NOT_A_NUMBER.test(declaredType));
}

/** True if a column of the type keeps 30.5 as a floating-point number. `null` is the type of an expression. */
export function isKeptAsReal(declaredType: string | null | undefined): boolean {
  return typeof declaredType === "string" && !/INT/i.test(declaredType) && comparesAsNumber(declaredType);
}

const COMPARED = /([\p{L}_][\p{L}\p{N}_$]*)["`\]]?\s*(?:={1,2}|\bIS\b)\s*:player_id\b/giu;
const COMPARED_TURNED =
  /:player_id\s*(?:={1,2}|\bIS\b)\s*(?:[\p{L}\p{N}_$"`[\].]*\.)?["`[]?([\p{L}_][\p{L}\p{N}_$]*)/giu;

/** `accounts.id`, if the query seems to compare the player's id with a column that compares as a number. */
export function comparedAsNumber(database: Database, sql: string): string | undefined {
  const names = [COMPARED, COMPARED_TURNED].flatMap((pattern) =>
    Array.from(sql.matchAll(pattern), ([, name = ""]) => name),
  );
  const words = new Set(sql.toLowerCase().match(/[\p{L}_][\p{L}\p{N}_$]*/gu));
  const columnsNamed = database.prepare<{ place: string; table: string; type: string }, [string]>(
    "SELECT t.name || '.' || c.name AS place, t.name AS \"table\", c.type AS type " +
      "FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND c.name = ? COLLATE NOCASE",
  );
  return names
    .flatMap((name) => columnsNamed.all(name))
    .find(({ table, type }) => words.has(table.toLowerCase()) && comparesAsNumber(type))?.place;
}
