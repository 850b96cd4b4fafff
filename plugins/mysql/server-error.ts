import { SQL } from "bun";

/** The number of an error that the server sent; `undefined` if the connection itself failed. */
export function serverErrno(error: unknown): number | undefined {
  return error instanceof SQL.MySQLError ? error.errno : undefined;
}

/** Whether the server does not have a system variable. */
export function isUnknownVariable(error: unknown): boolean {
  return serverErrno(error) === 1193;
}

/** Whether the server understands what it is asked, but cannot do it. */
export function isNotSupported(error: unknown): boolean {
  return serverErrno(error) === 1235;
}

/**
 * Shutting down, too many connections, killed, a Galera node that is not in its cluster, or a prepared statement
 * that is not known any more.
 */
const LOST: ReadonlySet<number> = new Set([
  1040, 1047, 1053, 1077, 1152, 1184, 1203, 1205, 1243, 1317, 1615, 1927,
]);

/** Whether this connection is of no further use, while another one, or the same host a little later, may be. */
export function isLost(error: unknown): boolean {
  const errno = serverErrno(error);
  return errno === undefined || LOST.has(errno);
}
