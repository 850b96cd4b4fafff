import { SQL } from "bun";
import * as v from "valibot";
import { engineTlsFor } from "../shared/engine-tls.ts";
import type { Host } from "../shared/lanes/host.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import { closeNow } from "../shared/lanes/sql-lane.ts";
import type { PlayersAccess, WithPlayers } from "../shared/players-table.ts";
import { explainCommand, explainConnecting } from "./failure.ts";
import { type Options, optionsSchema } from "./options.ts";
import { bringUpToDate, hasTable, isUpToDate } from "./own/migrate.ts";
import { ownTableProblem } from "./own/problem.ts";
import { playersTable } from "./own/table.ts";
import { clientOf, type Reach, rowsOf } from "./session.ts";

/** The door for the `players` commands into klas-balance's own table, on the first host that takes writes. */
export const withPlayers: WithPlayers = async ({ options: table, directory }, access, use) => {
  const options = v.parse(optionsSchema, table);
  const tlsTo = await engineTlsFor(options.tls, directory);
  const account = { database: options.database, user: options.user, password: options.password ?? "" };
  const { client, session, address } = await primaryOf(options, (host) => ({
    host,
    account,
    tls: tlsTo(host),
  }));
  try {
    await assertTable(session, access, address.host);
    return await use(playersTable(session));
  } catch (error) {
    if (!(error instanceof HostProblem || error instanceof SQL.SQLError)) throw error;
    throw new Error((await explainCommand(error, address)).message, { cause: error });
  } finally {
    closeNow(client);
  }
};

/**
 * Reads go to the primary, too: whoever maintains the table wants to see it as it is, and a replica may be behind.
 */
async function primaryOf(options: Options, reach: Reach) {
  const problems: string[] = [];
  for (const host of options.hosts) {
    const address = reach(host);
    const client = clientOf({ ...address, startUp: {}, prepare: false });
    try {
      const session = await client.reserve();
      const [[isReplica] = []] = await rowsOf(session, "SELECT pg_is_in_recovery()", []);
      if (isReplica === false) return { client, session, address };
      problems.push(`${host.name} is a replica, which takes no writes: name the primary in hosts`);
    } catch (error) {
      problems.push((await explainConnecting(error, address)).message);
    }
    closeNow(client);
  }
  throw new Error(problems.join("; "));
}

async function assertTable(session: SQL, access: PlayersAccess, host: Host): Promise<void> {
  try {
    if (access === "make") await bringUpToDate(session);
    else if (access === "rehearse" && !(await hasTable(session))) return;
    else if (!(await isUpToDate(session))) throw new Error(NOT_YET);
  } catch (error) {
    throw ownTableProblem(error, host);
  }
}

const NOT_YET = "holds no players table of this version: start `serve` to have it made";
