import { SQL } from "bun";

/** The SQLSTATE of an error that the server sent; `undefined` if the connection itself failed. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof SQL.PostgresError ? error.errno : undefined;
}

/** Ended by an administrator or a timeout, crashed, starting up, out of connections, or a pooler without a server. */
const GONE = /^(?:08|25P03|57P0[1-5]|53)/;

/** A prepared statement is not there any more, or is somebody else's. */
const STRANGE_STATEMENT = /^(?:26000|42P05)/;

/** Whether the connection is of no use any more, and another one, or the same host a little later, may be. */
export function isLost(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined || GONE.test(state) || STRANGE_STATEMENT.test(state) || isOutdated(error);
}

/** Whether a statement waited for a lock for as long as it may. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === "55P03";
}

/** Whether the server does not understand a statement, or cannot do what it says. */
export function isNotTaken(error: unknown): boolean {
  return /^(?:42|0A)/.test(sqlState(error) ?? "");
}

/**
 * The tables of a prepared statement have changed since. The SQLSTATE has other meanings, too, and the message is
 * translated.
 */
function isOutdated(error: unknown): boolean {
  return error instanceof SQL.PostgresError && error.routine === "RevalidateCachedQuery";
}
