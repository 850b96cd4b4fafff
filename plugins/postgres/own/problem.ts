import type { Host } from "../../shared/lanes/host.ts";
import { HostProblem } from "../../shared/lanes/lane.ts";
import { isLockTimeout, sqlState } from "../server-error.ts";
import { HeldUp } from "./migrate.ts";

/** What keeps us from finding or making klas-balance's own table, in words; any other error as it is. */
export function ownTableProblem(error: unknown, host: Host): unknown {
  if (!(error instanceof Error)) return error;
  const problem = (words: string, mayPass: boolean) => new HostProblem(`${host.name} ${words}`, { mayPass });
  if (sqlState(error) === "42501")
    return problem(
      `does not let this user read or make klas-balance's table: ${error.message}: to make it, CREATE on the schema is needed; else SELECT on players and klas_balance_migrations`,
      false,
    );
  if (sqlState(error) === "25006") return problem(NOWHERE_TO_WRITE, true);
  if (isLockTimeout(error)) return problem(LOCKED, true);
  if (error instanceof HeldUp) return problem(error.message, true);
  return error.constructor === Error ? problem(error.message, false) : error;
}

const NOWHERE_TO_WRITE =
  "holds no players table of this version yet, and this user can make none, because the server or the user only reads";

const LOCKED = "does not let klas-balance's table be looked at: another session has locked it";
