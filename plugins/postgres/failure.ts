import { SQL } from "bun";
import { explainCertificate } from "../shared/engine-tls.ts";
import { explainRefused, type Host } from "../shared/lanes/host.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import { isLockTimeout, isLost, sqlState } from "./server-error.ts";
import type { Account, Reach } from "./session.ts";
import { explainChange, explainQuery, saidOf } from "./statement-problem.ts";

type Explain = (account: Account, message: string) => string;

/** Why the server does not let a user in, worded to follow its name, and what to do. */
const REFUSALS: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  [
    "28P01",
    ({ user, password }) =>
      password === ""
        ? `wants a password of the user ${quoted(user)}: set password`
        : `refuses the password of the user ${quoted(user)}: correct password`,
  ],
  [
    "28000",
    ({ user }, message) =>
      `does not let the user ${quoted(user)} in: ${message}: correct user, or its pg_hba.conf`,
  ],
  ["3D000", ({ database }) => `has no database ${quoted(database)}: correct database`],
  [
    "42501",
    ({ user, database }) =>
      `does not let the user ${quoted(user)} into the database ${quoted(database)}: GRANT CONNECT on it`,
  ],
]);

const POOLER =
  "is a pooler that takes no session settings, such as PgBouncer in transaction mode: set pooler = true";

/** Words to follow the host's name, and whether the problem may pass. */
type Explained = readonly [string, boolean];

/** Why a connection could not be made, or is not fit, as a line for the operator. */
export async function explainConnecting(error: unknown, address: ReturnType<Reach>): Promise<HostProblem> {
  if (error instanceof HostProblem) return error;
  const [words, mayPass] =
    sqlState(error) === undefined
      ? await explainTransport(error, address.host)
      : explainAnswer(error, address.account);
  return new HostProblem(`${address.host.name} ${words}`, { mayPass });
}

/** Why a `players` command failed, as a line for the operator. */
export async function explainCommand(error: unknown, address: ReturnType<Reach>): Promise<HostProblem> {
  const words = explainChange(error);
  if (words === undefined) return await explainConnecting(error, address);
  return new HostProblem(`${address.host.name} ${words}`, { mayPass: false });
}

function explainAnswer(error: unknown, account: Account): Explained {
  const said = saidOf(error) ?? `cannot run the query (SQLSTATE ${sqlState(error) ?? "unknown"})`;
  if (isNotLetIn(error)) {
    const refusal = REFUSALS.get(sqlState(error) ?? "");
    if (refusal !== undefined) return [refusal(account, said), false];
  }
  if (sqlState(error) === "08P01") return explainPooler(said, account);
  const words = explainQuery(error);
  if (words !== undefined) return [words, false];
  return [saidOf(error) === undefined ? said : `says: ${said}`, isLost(error) || isLockTimeout(error)];
}

/** A right that is missing is one of the query's, unless it is the server's routine for letting a session begin that says so. */
function isNotLetIn(error: unknown): boolean {
  return (
    sqlState(error) !== "42501" || (error instanceof SQL.PostgresError && error.routine === "CheckMyDatabase")
  );
}

/** PgBouncer has one SQLSTATE for all that it says, in English. */
function explainPooler(said: string, account: Account): Explained {
  if (/unsupported startup parameter/i.test(said)) return [POOLER, false];
  if (/authentication failed|no such user/i.test(said)) {
    return [
      `does not let the user ${quoted(account.user)} in: ${said}: correct user or password, or the pooler's list of users`,
      false,
    ];
  }
  if (/no such database|database .* does not exist/i.test(said)) {
    return [`has no database ${quoted(account.database)}: correct database`, false];
  }
  if (/server login|cannot connect to server|query_wait_timeout/i.test(said)) {
    return [`is a pooler that cannot reach its server: ${said}`, true];
  }
  return [`says: ${said}`, true];
}

async function explainTransport(error: unknown, host: Host): Promise<Explained> {
  const code = error instanceof SQL.PostgresError ? error.code : "";
  if (code === "ERR_POSTGRES_CONNECTION_REFUSED") return [explainRefused(host), true];
  if (code === "ERR_POSTGRES_CONNECTION_TIMEOUT" || code === "ERR_POSTGRES_CONNECTION_FAILED") {
    return [SILENT, true];
  }
  if (code === "ERR_POSTGRES_CONNECTION_CLOSED") return ["closed the connection", true];
  if (code === "ERR_POSTGRES_TLS_NOT_AVAILABLE") {
    return ['offers no TLS: switch it on there, or set tls = { mode = "off" } for plain text', false];
  }
  const certificate = explainCertificate(error);
  if (certificate !== undefined) return [certificate, false];
  return [`cannot be used: ${error instanceof Error ? error.message : String(error)}`, false];
}

const SILENT =
  "does not answer: it hangs, a firewall drops what is sent there, or something else listens there";

function quoted(name: string): string {
  return JSON.stringify(name);
}
