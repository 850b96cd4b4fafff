import { SQL } from "bun";
import { HostProblem } from "../shared/lanes/lane.ts";
import type { Host } from "../shared/lanes/host.ts";
import { needsId } from "../shared/query/loose.ts";
import type { Query } from "../shared/query/parameters.ts";
import { AS_BYTES } from "./statement.ts";

/** An id that is no number, but begins as one. */
const NO_NUMBER = "1 is no number";

/**
 * Sees to it that nobody is answered with the row of another player whose id is similar, while no column of the query
 * would show it: throws if the query takes two ids for one, or the server does because the column is no text.
 */
export async function vetIds(session: SQL, host: Host, query: Query): Promise<void> {
  const by = query.looseBy;
  if (by !== undefined) throw new HostProblem(`${host.name}: ${needsId(by)}`, { mayPass: false });
  if (await isTakenForAnother(session, query)) {
    throw new HostProblem(
      `${host.name}: \`query\` compares the id with a column that is no text, for which 42abc is 42: add the stored id to its columns, as player_id, and set id_type to what the column is`,
      { mayPass: false },
    );
  }
}

/** The server says so of what it cuts off, once it has a row to compare. */
async function isTakenForAnother(session: SQL, query: Query): Promise<boolean> {
  const parameters: string[] = [];
  const select = query.render((parameter) => {
    parameters.push(parameter === "player_id" ? NO_NUMBER : "1");
    return parameter === "player_id" ? AS_BYTES : "?";
  });
  // In one transaction, so that a pooler does not ask somebody else for the warnings.
  await session.unsafe("START TRANSACTION READ ONLY");
  try {
    await session.unsafe(`SELECT 1 FROM (\n${select}\n) AS klas_balance_query`, parameters);
    const warnings = await session.unsafe<unknown[][]>("SHOW WARNINGS").values();
    return warnings.some(([, , message]) => String(message).includes(NO_NUMBER));
  } catch (error) {
    if (error instanceof SQL.MySQLError && error.message.includes(NO_NUMBER)) return true;
    throw error;
  } finally {
    await session.unsafe("COMMIT");
  }
}
