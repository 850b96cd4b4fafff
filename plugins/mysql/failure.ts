import { SQL } from "bun";
import { explainCertificate } from "../shared/engine-tls.ts";
import { explainRefused, type Host } from "../shared/lanes/host.ts";
import { HostProblem, LaneLost } from "../shared/lanes/lane.ts";
import { isLost, serverErrno } from "./server-error.ts";
import type { Reach } from "./session.ts";

/** Why the server refuses a user, worded to follow the host's name, and what to do about it. */
function refusal(
  errno: number,
  { user, database, password }: ReturnType<Reach>["account"],
): string | undefined {
  if (errno === 1045 && password === "")
    return `wants a password of the user ${JSON.stringify(user)}: set password`;
  if (errno === 1045 || errno === 1698) {
    return `does not let the user ${JSON.stringify(user)} in: correct user or password, or grant access from this machine`;
  }
  if (errno === 1130) return "accepts no user from this machine: create the user for its address";
  if (errno === 1044 || errno === 1049) {
    return `has no database ${JSON.stringify(database)} for this user: correct database, or grant SELECT on it`;
  }
  return undefined;
}

/** Why a connection could not be made, or is not fit, as a line for the operator. */
export async function explainConnecting(
  error: unknown,
  { host, account, tls }: ReturnType<Reach>,
): Promise<HostProblem> {
  if (error instanceof HostProblem) return error;
  if (error instanceof LaneLost) return new HostProblem(error.message, { mayPass: true });
  const problem = (words: string, mayPass: boolean) => new HostProblem(`${host.name} ${words}`, { mayPass });
  const errno = serverErrno(error);
  if (errno !== undefined) {
    const words = refusal(errno, account) ?? explainStatement(error);
    return problem(words, isLost(error));
  }
  return problem(...(await explainTransport(error, host, tls !== false)));
}

async function explainTransport(error: unknown, host: Host, wantsTls: boolean): Promise<[string, boolean]> {
  const code = error instanceof SQL.MySQLError ? error.code : "";
  if (code === "ERR_MYSQL_CONNECTION_REFUSED") return [explainRefused(host), true];
  if (code === "ERR_MYSQL_CONNECTION_TIMEOUT") {
    return ["does not answer: it hangs, or a firewall drops what is sent there", true];
  }
  if (code === "ERR_MYSQL_PUBLIC_KEY_RETRIEVAL_NOT_ALLOWED") {
    return ["takes the password of this user by TLS alone: switch TLS on there, and leave tls out", false];
  }
  if (code === "ERR_MYSQL_CONNECTION_CLOSED") return ["closed the connection", true];
  if (code === "ERR_MYSQL_AUTHENTICATION_FAILED" && wantsTls) {
    return [
      'offers no TLS, or no way to log in that is known: switch TLS on there, or set tls = { mode = "off" } for plain text',
      false,
    ];
  }
  const certificate = explainCertificate(error);
  if (certificate !== undefined) return [certificate, false];
  return [`cannot be used: ${error instanceof Error ? error.message : String(error)}`, false];
}

const STATEMENT_PROBLEMS: ReadonlyMap<number, (message: string) => string> = new Map<
  number,
  (message: string) => string
>([
  [1142, (message) => `does not let this user read: ${message}: GRANT SELECT is enough`],
  [1143, (message) => `does not let this user read: ${message}: GRANT SELECT is enough`],
  [1227, (message) => `does not let this user do what the query does: ${message}`],
  [1054, (message) => `knows no such column: ${message}`],
  [1146, (message) => `knows no such table: ${message}`],
  [1060, (message) => `is asked for a column twice: ${message}`],
  [1792, () => "is asked to write by the query: expected one that only reads"],
  [1235, (message) => `cannot do what it is asked: ${message}`],
  [1267, (message) => `is asked by the query to compare texts of two collations: ${message}`],
  [1064, (message) => `does not understand the query: ${message}`],
]);

/** Explains errors about names and grammar, whose messages quote no value of a row. */
export function explainStatement(error: unknown): string {
  const errno = serverErrno(error);
  const explain = errno === undefined ? undefined : STATEMENT_PROBLEMS.get(errno);
  // The message quotes the query with its line breaks.
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ");
  return explain?.(message) ?? `fails with the error ${errno ?? "unknown"}`;
}
