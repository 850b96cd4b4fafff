import type { SQL } from "bun";
import type { Host } from "../../shared/lanes/host.ts";
import { type AtEnd, closeNow } from "../../shared/lanes/sql-lane.ts";
import { clientOf, type Reach } from "../session.ts";
import { bringUpToDate, isUpToDate } from "./migrate.ts";
import { ownTableProblem } from "./problem.ts";

/** klas-balance's own table on the first host that is fit. */
export interface OwnTable {
  /** Makes sure, once, that the table exists. `check` makes nothing: to it, a missing table is a problem. */
  prepare(host: Host, atEnd: AtEnd): Promise<void>;
  /** Whether `check` found no table. */
  readonly isMissing: boolean;
}

export function ownTable(reach: Reach, isRehearsal: boolean): OwnTable {
  let isReady = false;
  let isMissing = false;
  return {
    async prepare(host, atEnd) {
      if (isReady) return;
      await withClient(reach, host, atEnd, async (client) => {
        if (!isRehearsal) return await bringUpToDate(client);
        isMissing = !(await isUpToDate(client));
        if (isMissing) throw new Error(NOT_YET);
      });
      isReady = true;
    },
    get isMissing() {
      return isMissing;
    },
  };
}

const NOT_YET = "holds no players table of this version yet: `serve` makes it";

/**
 * A connection that may write, for as long as it is used, and for no longer than the opening of the lane that it is for.
 */
async function withClient(
  reach: Reach,
  host: Host,
  atEnd: AtEnd,
  use: (client: SQL) => Promise<void>,
): Promise<void> {
  const client = clientOf({ ...reach(host), startUp: {}, prepare: false });
  atEnd(() => closeNow(client));
  try {
    await use(client);
  } catch (error) {
    throw ownTableProblem(error, host);
  } finally {
    closeNow(client);
  }
}
