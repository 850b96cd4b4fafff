import type { SQL } from "bun";
import { explainStatement } from "../failure.ts";
import { serverErrno } from "../server-error.ts";
import type { Seen } from "./knowledge.ts";
import { standingOf } from "./standing.ts";

/** As text, because a newer server sends words and an older one numbers. */
export const TAKES_WRITES =
  "CAST(@@global.read_only AS CHAR) IN ('0', 'OFF') AND CAST(@@global.innodb_read_only AS CHAR) IN ('0', 'OFF')";

/** Tells apart the servers that one address may lead to. */
export const WHICH_SERVER = "CONCAT_WS(' ', @@global.server_id, @@hostname, @@port)";

/** Galera's nodes may share an id, and each applies a little later what another one has committed. */
const IS_GALERA =
  "(SELECT variable_value FROM information_schema.global_variables WHERE variable_name = 'WSREP_ON') = 'ON'";

const GTIDS = {
  // A replica that was promoted may not have in its binary log what it applied before.
  mariaDb: `@@global.server_id,
IF(${IS_GALERA} OR NOT @@global.log_bin, '', CONCAT_WS(',', @@global.gtid_binlog_pos, @@global.gtid_slave_pos)),
@@global.gtid_slave_pos`,
  mysql: `@@global.server_uuid, IF(@@global.gtid_mode = 'ON' AND @@global.log_bin, @@global.gtid_executed, ''),
IF(@@global.gtid_mode = 'ON', @@global.gtid_executed, '')`,
} as const;

const OTHER_ENGINE =
  "does not say how far it is behind in a way that is known, as MariaDB does, and MySQL from 8.0.22 on: leave max_staleness_ms out";

/** Asks a server how it stands. Rejects with the server's error if it is another engine, or does not tell this user. */
export async function lookAt(client: SQL): Promise<Seen> {
  const askedMs = performance.now();
  const [[version] = []] = await client.unsafe<unknown[][]>("SELECT VERSION()").values();
  const isMariaDb = /mariadb/i.test(String(version));
  const gtids = isMariaDb ? GTIDS.mariaDb : GTIDS.mysql;
  const [[[server, takesWrites, id, committed, applied] = []], following] = await Promise.all([
    client.unsafe<unknown[][]>(`SELECT ${WHICH_SERVER}, ${TAKES_WRITES}, ${gtids}`).values(),
    client.unsafe<Record<string, string | number | null>[]>(
      isMariaDb ? "SHOW ALL SLAVES STATUS" : "SHOW REPLICA STATUS",
    ),
  ]);
  return {
    server: String(server),
    askedMs,
    standing: standingOf({
      isMariaDb,
      id: String(id),
      takesWrites: Number(takesWrites) === 1,
      committed: String(committed),
      applied: String(applied),
      following: Array.from(following),
    }),
  };
}

const LOOK_PROBLEMS: ReadonlyMap<number, string> = new Map([
  [
    1227,
    "does not let this user see whom it follows: GRANT SLAVE MONITOR ON *.* of MariaDB, or REPLICATION CLIENT of MySQL, or leave max_staleness_ms out",
  ],
  [1064, OTHER_ENGINE],
  [1193, OTHER_ENGINE],
]);

/** Why a server cannot be watched, worded to follow its name. The query of the operator has no part in it. */
export function explainLook(error: unknown): string {
  return LOOK_PROBLEMS.get(serverErrno(error) ?? 0) ?? explainStatement(error);
}
