import type { SourceLog } from "../../src/plugin.ts";
import type { Host } from "../shared/lanes/host.ts";
import { type AtEnd, closeNow } from "../shared/lanes/sql-lane.ts";
import { clientOf, type Reach } from "./session.ts";

/** Tables outside the catalogue that this user may change. */
const WRITABLE = `SELECT oid::regclass::text FROM pg_class
WHERE relkind IN ('r', 'p', 'v', 'f') AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
AND has_schema_privilege(relnamespace, 'USAGE') AND has_table_privilege(oid, 'INSERT, UPDATE, DELETE, TRUNCATE') LIMIT 1`;

/**
 * Warns, for `check`, of a user who may do more than read. Our sessions are read-only, but a function in the query
 * could undo that. What was never granted cannot be done.
 */
export async function warnOfWriting(reach: Reach, host: Host, atEnd: AtEnd, log: SourceLog): Promise<void> {
  const address = reach(host);
  const client = clientOf({ ...address, startUp: {}, prepare: false });
  atEnd(() => closeNow(client));
  try {
    const [[table] = []] = await client.unsafe<unknown[][]>(WRITABLE).values();
    if (typeof table !== "string") return;
    log.warn(
      `${host.name}: the user ${JSON.stringify(address.account.user)} may change tables, such as ${table}: ` +
        "a user with GRANT SELECT alone is the safer one",
    );
  } finally {
    closeNow(client);
  }
}
