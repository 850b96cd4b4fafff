import type { SQL } from "bun";
import { HostProblem } from "../../shared/lanes/lane.ts";
import type { Host } from "../../shared/lanes/host.ts";
import { closeNow } from "../../shared/lanes/sql-lane.ts";
import { sqlState } from "../server-error.ts";
import { clientOf, type Reach } from "../session.ts";
import { bringUpToDate, isUpToDate } from "./migrate.ts";

/** klas-balance's own table on the first host that is fit. */
export interface OwnTable {
  /** Makes sure, once, that the table exists. `check` makes nothing: to it, a missing table is a problem. */
  prepare(host: Host): Promise<void>;
  /** Whether `check` found no table. */
  readonly isMissing: boolean;
}

export function ownTable(reach: Reach, isRehearsal: boolean): OwnTable {
  let isReady = false;
  let isMissing = false;
  return {
    async prepare(host) {
      if (isReady) return;
      await withClient(reach, host, async (client) => {
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

/** A connection that may write, for as long as it is used. Errors of ours get the host's name. */
async function withClient(reach: Reach, host: Host, use: (client: SQL) => Promise<void>): Promise<void> {
  const client = clientOf({ ...reach(host), startUp: {}, prepare: false });
  try {
    await use(client);
  } catch (error) {
    if (sqlState(error) === "42501") {
      throw new HostProblem(
        `${host.name} does not let this user read or make klas-balance's table: ${messageOf(error)}`,
        {
          mayPass: false,
        },
      );
    }
    if (error instanceof Error && error.constructor === Error) {
      throw new HostProblem(`${host.name} ${error.message}`, { mayPass: false });
    }
    throw error;
  } finally {
    closeNow(client);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
