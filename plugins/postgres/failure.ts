import { SQL } from "bun";
import { explainRefused, type Host } from "../shared/lanes/host.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import { isLost, sqlState } from "./server-error.ts";
import type { Account, Reach } from "./session.ts";

type Explain = (account: Account) => string;

/** Why the server does not let a user in, worded to follow its name, and what to do. */
const REFUSALS: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  ["28P01", ({ user }) => `refuses the password of the user ${quoted(user)}: correct password`],
  ["28000", ({ user }) => `does not let the user ${quoted(user)} in: correct user, or its pg_hba.conf`],
  ["3D000", ({ database }) => `has no database ${quoted(database)}: correct database`],
]);

const STATEMENT_PROBLEMS: ReadonlyMap<string, (message: string) => string> = new Map([
  ["42501", (message) => `does not let this user read: ${message}: GRANT SELECT is enough`],
  ["25006", (message) => `is asked for more than to read by the query: ${message}`],
  ["42601", (message) => `does not understand the query: ${message}`],
  ["42703", (message) => `knows no such column: ${message}`],
  ["42P01", (message) => `knows no such table: ${message}`],
  [
    "42883",
    (message) => `cannot compare: ${message}: set id_type to what the id's column is, or cast :player_id`,
  ],
]);

/**
 * Classes of SQLSTATE whose messages quote no value of a row: they are about names, grammar, rights and the server's own
 * state.
 */
const SAYS_NO_VALUE = /^(?:08|0A|21|25|26|28|3D|3F|40|42|53|54|55|57|58)/;

const POOLER =
  "is a pooler that takes no session settings, such as PgBouncer in transaction mode: set pooler = true";

/** Why a connection could not be made, or is not fit, as a line for the operator. */
export async function explainConnecting(
  error: unknown,
  { host, account }: ReturnType<Reach>,
): Promise<HostProblem> {
  if (error instanceof HostProblem) return error;
  const message = messageOf(error);
  const state = sqlState(error);
  const problem = (words: string, mayPass: boolean) => new HostProblem(`${host.name} ${words}`, { mayPass });
  if (/unsupported startup parameter/i.test(message)) return problem(POOLER, false);
  const refusal = state === undefined ? undefined : REFUSALS.get(state);
  if (refusal !== undefined) return problem(refusal(account), false);
  if (state === "08P01") return problem(`says: ${message}`, false);
  if (state !== undefined)
    return problem(isLost(error) ? `says: ${message}` : explainStatement(error), isLost(error));
  return problem(...(await explainTransport(error, message, host)));
}

async function explainTransport(error: unknown, message: string, host: Host): Promise<[string, boolean]> {
  const code = error instanceof SQL.PostgresError ? error.code : "";
  if (code === "ERR_POSTGRES_CONNECTION_REFUSED") return [explainRefused(host), true];
  if (code === "ERR_POSTGRES_CONNECTION_TIMEOUT") {
    return ["does not answer: it hangs, or a firewall drops what is sent there", true];
  }
  if (code === "ERR_POSTGRES_CONNECTION_CLOSED") return ["closed the connection", true];
  if (code === "ERR_POSTGRES_TLS_NOT_AVAILABLE") {
    return ['offers no TLS: switch it on there, or set tls = { mode = "off" } for plain text', false];
  }
  return [`cannot be used: ${message}`, false];
}

const COMMAND_PROBLEMS: ReadonlyMap<string, (message: string) => string> = new Map([
  [
    "42501",
    (message: string) =>
      `does not let this user do that: ${message}: grant what \`klas-balance help postgres\` lists`,
  ],
  ["25006", (message) => `lets this user only read: ${message}`],
  [
    "55P03",
    () => "says that another session has locked the table players, or rows of it: nothing was changed",
  ],
]);

/** Why a `players` command failed, of which more is asked than of a lookup, as a line for the operator. */
export async function explainCommand(error: unknown, address: ReturnType<Reach>): Promise<HostProblem> {
  const words = COMMAND_PROBLEMS.get(sqlState(error) ?? "")?.(messageOf(error));
  if (words === undefined) return await explainConnecting(error, address);
  return new HostProblem(`${address.host.name} ${words}`, { mayPass: false });
}

/** What the server said about a statement, as text. */
export function explainStatement(error: unknown): string {
  const message = messageOf(error);
  const state = sqlState(error);
  const explain = state === undefined ? undefined : STATEMENT_PROBLEMS.get(state);
  if (explain !== undefined) return explain(message);
  // Any other message may quote a value of the row, and that may be an amount: a function's RAISE says what it likes.
  return state === undefined || SAYS_NO_VALUE.test(state)
    ? message
    : `the query fails on this player's row (SQLSTATE ${state})`;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
