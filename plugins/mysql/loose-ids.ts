import { SQL } from "bun";
import { HostProblem } from "../shared/lanes/lane.ts";
import type { Host } from "../shared/lanes/host.ts";
import { MYSQL } from "../shared/query/dialect.ts";
import { comparedWith } from "../shared/query/comparisons.ts";
import { needsId } from "../shared/query/loose.ts";
import type { Query } from "../shared/query/parameters.ts";
import { AS_BYTES } from "./statement.ts";

/** An id that begins like a number but is none. */
const NO_NUMBER = "1 is no number";

/** The types that are compared with bytes byte by byte. */
const TEXTS =
  "'char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'enum', 'set', 'binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'";

/**
 * Sees to it that nobody is answered with the row of another player whose id is similar, while no column of the query
 * would show it: throws if the query takes two ids for one, or the server does because the column is no text.
 */
export async function vetIds(session: SQL, host: Host, query: Query): Promise<void> {
  const by = query.looseBy;
  if (by !== undefined) throw new HostProblem(`${host.name}: ${needsId(by)}`, { mayPass: false });
  if ((await isNoText(session, query)) || (await isTakenForAnother(session, query))) {
    throw new HostProblem(
      `${host.name}: \`query\` compares the id with a column that is no text, for which 42abc is 42: add the stored id to its columns, as player_id`,
      { mayPass: false },
    );
  }
}

/** Whether a column with which the id is compared is a number, a date or the like, as far as names in the query tell. */
async function isNoText(session: SQL, query: Query): Promise<boolean> {
  const text = query.render((parameter) => `:${parameter}`);
  const words = text.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
  for (const reference of comparedWith(text, ":player_id", MYSQL)) {
    const [column = "", qualifier] = reference.split(".").toReversed();
    const tables =
      qualifier === undefined
        ? words
        : [qualifier, ...words.filter((_, at) => isNamed(words.slice(at), qualifier))];
    const [[isText] = []] = await session
      .unsafe<unknown[][]>(
        `SELECT MIN(data_type IN (${TEXTS})) FROM information_schema.columns
WHERE column_name = ? AND table_name IN (${among(tables)}) AND (table_schema = DATABASE() OR table_schema IN (${among(words)}))`,
        [column, ...tables, ...words],
      )
      .values();
    if (isText !== null && Number(isText) === 0) return true;
  }
  return false;
}

function among(names: readonly string[]): string {
  return names.map(() => "?").join(", ");
}

/** Whether the first of these words may be the table that `name` stands for: `wallet w`, `wallet AS w`. */
function isNamed([, next = "", afterNext]: readonly string[], name: string): boolean {
  return next === name || (/^as$/i.test(next) && afterNext === name);
}

/** The server warns if it cuts off a part of the id to get a number, once it has a row to compare. */
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
