import type { Host } from "../shared/lanes/host.ts";
import { HostProblem, LaneLost } from "../shared/lanes/lane.ts";
import type { Fitness } from "./fitness.ts";
import type { Run } from "./run.ts";
import { isUnknownVariable } from "./server-error.ts";

/** Newer MariaDB and older MySQL know both. The first is what most servers have in common while they are upgraded. */
const LEVELS = ["@@tx_isolation", "@@transaction_isolation"] as const;

/**
 * What a server behind a pooler must be set to. There a session cannot be told how to read, and the next answer may be
 * another server's, so each answer must show it. The variables are the session's, by which the transaction reads.
 */
export async function soundReads(host: Host, run: Run): Promise<readonly Fitness[]> {
  const knows = async (variable: string) => {
    try {
      await run(`SELECT ${variable}`, []);
      return true;
    } catch (error) {
      if (!isUnknownVariable(error)) throw error;
      return false;
    }
  };
  const level = (await knows(LEVELS[0])) ? LEVELS[0] : LEVELS[1];
  if (level === LEVELS[1] && !(await knows(level)))
    throw new HostProblem(`${host.name} ${HIDES_ITS_LEVEL}`, { mayPass: false });
  const readsCommitted = {
    isFit: `${level} <> 'READ-UNCOMMITTED'`,
    unfit: READS_UNCOMMITTED,
    mayPass: false,
  };
  if (await knows("@@wsrep_on")) return [readsCommitted, WAITS_FOR_OTHERS];
  const [[isMariaDb] = []] = (await run(`SELECT ${IS_MARIADB}`, [])).rows;
  return [readsCommitted, neverGalera(Number(isMariaDb) === 1)];
}

const HIDES_ITS_LEVEL =
  "does not say whether it reads what was never committed: leave `pooler` out, so that it can be told not to";

const READS_UNCOMMITTED =
  "reads what was never committed, and `pooler` leaves it as it is: set transaction_isolation = READ-COMMITTED there";

const WAITS_FOR_OTHERS: Fitness = {
  isFit: "NOT @@wsrep_on OR @@wsrep_sync_wait & 1",
  unfit:
    "is a Galera node that answers before it has the other nodes' commits, and `pooler` leaves it as it is: set wsrep_sync_wait = 1 on each node",
  mayPass: false,
};

const IS_MARIADB = "LOWER(@@version) LIKE '%mariadb%'";

/** A server without these variables cannot be asked for them. One that has them shows by its name that it does. */
function neverGalera(isMariaDb: boolean): Fitness {
  return {
    isFit: `LOWER(@@version_comment) NOT LIKE '%wsrep%' AND (${IS_MARIADB}) = ${isMariaDb ? 1 : 0}`,
    unfit: OTHER_SOFTWARE,
    mayPass: true,
  };
}

const OTHER_SOFTWARE = "leads to a server of another make than the one that the connection began with";

/** Reads of a server that may be followed by another one. Throws `LaneLost` if that one knows other variables. */
export function byWhicheverServer(host: Host, run: Run): Run {
  return async (text, parameters) => {
    try {
      return await run(text, parameters);
    } catch (error) {
      if (isUnknownVariable(error)) throw new LaneLost(`${host.name} ${OTHER_SOFTWARE}`, { cause: error });
      throw error;
    }
  };
}
