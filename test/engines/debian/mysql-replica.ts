import { afterEach, expect, test } from "bun:test";
import * as v from "valibot";
import type { Source } from "../../../src/plugin.ts";
import { ask, failure } from "../../plugins/postgres/subject.ts";
import { type MariaDbServer, startMariaDb } from "../mariadb-server.ts";
import { openMysql } from "./open-mysql.ts";

const SLOW_MS = 60_000;
const MAX_STALENESS_MS = 1500;
const BEHIND = `is a replica that may be more than ${MAX_STALENESS_MS} ms behind its primary`;

// Here, because a start may take longer than a test.
const primary = await startMariaDb("--server-id=1", "--log-bin=log");
const replica = await replicaOf(primary);

async function replicaOf(server: MariaDbServer): Promise<MariaDbServer> {
  const follower = await startMariaDb("--server-id=2", "--read-only");
  const [status] = await server.run("SHOW MASTER STATUS");
  const { File, Position } = v.parse(v.looseObject({ File: v.string(), Position: v.any() }), status);
  const where = `MASTER_LOG_FILE = '${File}', MASTER_LOG_POS = ${String(Position)}`;
  await follower.run(
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${server.port}, MASTER_USER = 'root',
     MASTER_HEARTBEAT_PERIOD = 0.2, ${where}`,
    "START SLAVE",
  );
  await server.run(
    "CREATE TABLE casino.wallet (id varchar(64) PRIMARY KEY, balance int)",
    "INSERT INTO casino.wallet VALUES ('12001', 30)",
  );
  return follower;
}

const opened: Source[] = [];

afterEach(async () => {
  primary.thaw();
  await replica.run("START SLAVE");
  for (const source of opened.splice(0)) await source.close?.();
});

function optionsFor(...servers: readonly MariaDbServer[]) {
  return {
    hosts: servers.map(({ port }) => `127.0.0.1:${port}`),
    database: "casino",
    user: "klas",
    query: "SELECT id AS player_id, balance FROM wallet WHERE id = :player_id",
    role: "any",
    max_staleness_ms: MAX_STALENESS_MS,
  } as const;
}

async function open(...servers: readonly MariaDbServer[]): Promise<Source> {
  const { source } = await openMysql(optionsFor(...servers));
  opened.push(source);
  return source;
}

function check(source: Source): Promise<void> {
  return Promise.resolve(source.check?.(AbortSignal.timeout(1000)));
}

test("MySQL: whoever may not see how far a replica is behind is told so, and a pooler hides it", async () => {
  expect(await failure(openMysql(optionsFor(replica), { isRehearsal: true }))).toMatch(
    /^127\.0\.0\.1:\d+ does not let this user see how far it is behind: GRANT SLAVE MONITOR ON \*\.\*/,
  );
  for (const server of [primary, replica]) await server.run("GRANT SLAVE MONITOR ON *.* TO klas@'127.0.0.1'");
  expect(await failure(openMysql({ ...optionsFor(replica), pooler: true }))).toContain("behind a pooler");
});

test(
  "MySQL: a replica is asked while it is known to be near its primary, and not when it applies too late",
  async () => {
    const source = await open(replica);
    const both = await open(replica, primary);
    expect(await ask(source, "12001")).toEqual({ balance: "30" });
    const { staleness_ms } = source.state?.() ?? {};
    expect(staleness_ms).toBeWithin(0, MAX_STALENESS_MS + 1);

    await replica.run("STOP SLAVE SQL_THREAD");
    await primary.run("UPDATE casino.wallet SET balance = 31");
    await Bun.sleep(MAX_STALENESS_MS + 500);
    expect(await failure(check(source))).toContain(BEHIND);
    expect(await failure(ask(source, "12001", { withinMs: 500 }))).toContain("timed out");
    expect(await ask(both, "12001")).toEqual({ balance: "31" });
    expect(both.state?.()).toMatchObject({ host: `127.0.0.1:${primary.port}`, staleness_ms: 0 });

    await replica.run("START SLAVE SQL_THREAD");
    expect(await ask(source, "12001")).toEqual({ balance: "31" });
    await check(source);
  },
  SLOW_MS,
);

test(
  "MySQL: a replica that hears nothing of its primary is not asked, although it calls itself 0 s behind",
  async () => {
    const source = await open(replica);
    expect(await ask(source, "12001")).toEqual({ balance: "31" });
    await primary.freeze();
    await Bun.sleep(MAX_STALENESS_MS + 500);
    const [status] = await replica.run("SHOW ALL SLAVES STATUS");
    expect(status).toMatchObject({ Seconds_Behind_Master: 0, Slave_IO_Running: "Yes" });
    expect(await failure(ask(source, "12001", { withinMs: 500 }))).toContain("timed out");
    primary.thaw();
    expect(await ask(source, "12001")).toEqual({ balance: "31" });
  },
  SLOW_MS,
);
