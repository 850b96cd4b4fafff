import { SQL } from "bun";

/** The SQLSTATE of an error that the server sent; `undefined` where the connection itself failed. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof SQL.PostgresError && error.code === "ERR_POSTGRES_SERVER_ERROR"
    ? error.errno
    : undefined;
}

/** Ended by an administrator, crashed, starting up, out of connections, or a pooler without a server. */
const LOST = /^(?:08|57P0[1-5]|53)/;

/** Whether the connection is of no use any more, and another one, or the same host a little later, may be. */
export function isLost(error: unknown): boolean {
  const state = sqlState(error);
  return state === undefined || LOST.test(state);
}
