import { SQL } from "bun";
import { sqlState } from "./server-error.ts";

type Explain = (message: string) => string;

const IN_A_QUERY: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  [
    "42501",
    (message) =>
      `does not let this user read: ${message}: GRANT SELECT on what the query reads, and USAGE on its schema`,
  ],
  ["25006", (message) => `is asked for more than to read by the query: ${message}`],
  ["42601", (message) => `does not understand the query: ${message}`],
  ["42703", (message) => `knows no such column: ${message}`],
  ["42P01", (message) => `knows no such table: ${message}`],
]);

const IN_A_COMMAND: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  [
    "42501",
    (message) =>
      `does not let this user do that: ${message}: grant what \`klas-balance help postgres\` lists`,
  ],
  ["25006", (message) => `lets this user only read: ${message}`],
  [
    "55P03",
    () => "says that another session has locked the table players, or rows of it: nothing was changed",
  ],
]);

const ID_TYPE = "set id_type to what the id's column is, or cast :player_id";

/**
 * Classes of SQLSTATE whose messages quote no value of a row: they are about names, grammar, rights and the server's own
 * state.
 */
const SAYS_NO_VALUE = /^(?:08|0A|21|25|26|28|3D|3F|40|42|53|54|55|57|58)/;

/** What the server said about the query, worded to follow the host's name; `undefined` if that is not known. */
export function explainQuery(error: unknown): string | undefined {
  const message = messageOf(error);
  // One SQLSTATE for both. The messages are translated, the names of the server's own functions are not.
  if (sqlState(error) === "42883") {
    return error instanceof SQL.PostgresError && error.routine === "op_error"
      ? `cannot compare: ${message}: ${ID_TYPE}`
      : `knows no such function: ${message}: correct its name or, if it takes the id, ${ID_TYPE}`;
  }
  return IN_A_QUERY.get(sqlState(error) ?? "")?.(message);
}

/** The same of what a `players` command does, of which more is asked. */
export function explainChange(error: unknown): string | undefined {
  return IN_A_COMMAND.get(sqlState(error) ?? "")?.(messageOf(error));
}

/** What the server said about a lookup, as text. */
export function explainStatement(error: unknown): string {
  return (
    explainQuery(error) ??
    saidOf(error) ??
    `the query fails on this player's row (SQLSTATE ${sqlState(error) ?? "unknown"})`
  );
}

/**
 * The server's own words; `undefined` if they may quote a value of a row, which may be an amount: a function's RAISE
 * says what it likes.
 */
export function saidOf(error: unknown): string | undefined {
  const state = sqlState(error);
  return state === undefined || SAYS_NO_VALUE.test(state) ? messageOf(error) : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
