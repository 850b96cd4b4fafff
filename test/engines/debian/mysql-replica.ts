import { afterAll, afterEach, expect, test } from "bun:test";
import * as v from "valibot";
import type { Source } from "../../../src/plugin.ts";
import { ask, failure } from "../../plugins/postgres/subject.ts";
import { endMariaDb, type MariaDbServer, startMariaDb } from "../mariadb-server.ts";
import { startLink } from "../slow-link.ts";
import { openMysql } from "./open-mysql.ts";

const SLOW_MS = 60_000;
const MAX_STALENESS_MS = 1500;
const BEHIND = `is a replica that may be more than ${MAX_STALENESS_MS} ms behind its primary`;

// Here, because a start may take longer than a test.
const primary = await startMariaDb("--server-id=1", "--log-bin=log", "--binlog-format=row");
const link = await startLink(primary.port);
const replica = await replicaOf(2);
const other = await replicaOf(3);

async function replicaOf(id: number): Promise<MariaDbServer> {
  const follower = await startMariaDb(`--server-id=${id}`, "--read-only");
  const [status] = await primary.run("SHOW MASTER STATUS");
  const { File, Position } = v.parse(v.looseObject({ File: v.string(), Position: v.any() }), status);
  const where = `MASTER_LOG_FILE = '${File}', MASTER_LOG_POS = ${String(Position)}`;
  await follower.run(
    `CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${link.port}, MASTER_USER = 'root', ${where}`,
    "START SLAVE",
  );
  return follower;
}

await primary.run(
  "CREATE TABLE casino.wallet (id varchar(64) PRIMARY KEY, balance int)",
  "CREATE TABLE casino.history (entry longtext)",
  "INSERT INTO casino.wallet VALUES ('12001', 30)",
  "GRANT SLAVE MONITOR ON *.* TO klas@'127.0.0.1'",
  "CREATE USER blind@'127.0.0.1'",
  "GRANT SELECT ON casino.* TO blind@'127.0.0.1'",
);
for (const follower of [replica, other]) {
  await until(async () => (await follower.run("SELECT 1 FROM mysql.user WHERE user = 'blind'")).length === 1);
}

afterAll(async () => {
  link[Symbol.dispose]();
  await endMariaDb();
});

const opened: Source[] = [];

afterEach(async () => {
  primary.thaw();
  link.bytesPerSecond = Infinity;
  for (const server of [replica, other]) await server.run("START SLAVE");
  for (const source of opened.splice(0)) await source.close?.();
});

function optionsFor(...servers: readonly { readonly port: number }[]) {
  return {
    hosts: servers.map(({ port }) => `127.0.0.1:${port}`),
    database: "casino",
    user: "klas",
    query: "SELECT id AS player_id, balance FROM wallet WHERE id = :player_id",
    role: "any",
    max_staleness_ms: MAX_STALENESS_MS,
  } as const;
}

async function open(...servers: readonly { readonly port: number }[]): Promise<Source> {
  const { source } = await openMysql(optionsFor(...servers));
  opened.push(source);
  return source;
}

function hostOf(source: Source): unknown {
  return source.state?.()["host"];
}

function nameOf({ port }: { readonly port: number }): string {
  return `127.0.0.1:${port}`;
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; !(await isSo()); attempt += 1) {
    if (attempt > 600) throw new Error("it did not come to that");
    await Bun.sleep(50);
  }
}

async function setBalance(balance: number): Promise<void> {
  await primary.run(`UPDATE casino.wallet SET balance = ${balance}`);
}

async function balanceAt(server: MariaDbServer): Promise<number> {
  const [row] = await server.run("SELECT balance FROM casino.wallet");
  return Number(v.parse(v.looseObject({ balance: v.any() }), row).balance);
}

test("MySQL: whoever may not see whom a replica follows is told so, and a pooler hides it", async () => {
  const options = optionsFor(replica, primary);
  expect(await failure(openMysql({ ...options, user: "blind" }, { isRehearsal: true }))).toMatch(
    /^127\.0\.0\.1:\d+ does not let this user see whom it follows: GRANT SLAVE MONITOR ON \*\.\*/,
  );
  expect(await failure(openMysql({ ...options, pooler: true }))).toContain("behind a pooler");
});

test("MySQL: a replica whose primary is not among the hosts cannot prove how far it is behind", async () => {
  expect(await failure(openMysql(optionsFor(replica, other), { isRehearsal: true }))).toContain(
    `${nameOf(replica)} ${BEHIND}: its primary is none of \`hosts\` that answers`,
  );
});

test(
  "MySQL: a replica is asked while it proves to be near its primary, however idle, and not when it applies too late",
  async () => {
    const source = await open(replica, primary);
    await Bun.sleep(2 * MAX_STALENESS_MS);
    expect(await ask(source, "12001")).toEqual({ balance: "30" });
    expect(hostOf(source)).toBe(nameOf(replica));
    expect(source.state?.()["staleness_ms"]).toBeWithin(0, MAX_STALENESS_MS + 1);

    await replica.run("STOP SLAVE SQL_THREAD");
    await setBalance(31);
    await Bun.sleep(MAX_STALENESS_MS + 100);
    expect(await ask(source, "12001")).toEqual({ balance: "31" });
    expect(source.state?.()).toMatchObject({ host: nameOf(primary), staleness_ms: 0 });
    // Nobody of ours is left there once the attempts to return are over.
    const ours = "SELECT 1 FROM information_schema.processlist WHERE user = 'klas'";
    await until(async () => (await replica.run(ours)).length === 0);

    await replica.run("START SLAVE SQL_THREAD");
    await until(() => hostOf(source) === nameOf(replica));
    expect(await ask(source, "12001")).toEqual({ balance: "31" });
    await source.close?.();
    await until(
      async () => (await Promise.all([replica, primary].map((each) => each.run(ours)))).flat().length === 0,
    );
  },
  SLOW_MS,
);

test(
  "MySQL: if the primary falls silent no replica answers, although it calls itself 0 s behind",
  async () => {
    const source = await open(replica, primary);
    await setBalance(32);
    await until(async () => (await balanceAt(replica)) === 32);
    expect(await ask(source, "12001")).toEqual({ balance: "32" });
    await primary.freeze();
    await Bun.sleep(MAX_STALENESS_MS + 500);
    const [status] = await replica.run("SHOW ALL SLAVES STATUS");
    expect(status).toMatchObject({ Seconds_Behind_Master: 0, Slave_IO_Running: "Yes" });
    expect(await failure(ask(source, "12001", { withinMs: 500 }))).toContain("did not answer");
    primary.thaw();
    expect(await ask(source, "12001")).toEqual({ balance: "32" });
  },
  SLOW_MS,
);

test(
  "MySQL: a replica that catches up on a backlog over a slow link gives nothing older than the bound",
  async () => {
    const source = await open(replica, primary);
    const commits: { readonly balance: number; readonly atMs: number }[] = [];
    const ending = new AbortController();
    async function write(): Promise<void> {
      for (let balance = 1000; !ending.signal.aborted; balance += 1) {
        await setBalance(balance);
        commits.push({ balance, atMs: performance.now() });
        // More than the link carries, for a while.
        if (balance < 1040) await primary.run(`INSERT INTO casino.history VALUES (repeat('x', 100000))`);
        else await Bun.sleep(20);
      }
    }
    await setBalance(1000);
    await until(async () => (await balanceAt(replica)) === 1000);
    link.bytesPerSecond = 500_000;
    const writing = write();
    const hosts = new Set<unknown>();
    const tooOld: unknown[] = [];
    let wasReplicaTooOld = false;
    const endMs = performance.now() + 15_000;
    while (performance.now() < endMs) {
      const atReplica = await balanceAt(replica);
      const askedMs = performance.now();
      const result = await ask(source, "12001");
      hosts.add(hostOf(source));
      const balance = Number(v.parse(v.object({ balance: v.string() }), result).balance);
      const due = commits.findLast(({ atMs }) => atMs < askedMs - MAX_STALENESS_MS)?.balance ?? 0;
      if (balance < due) tooOld.push({ balance, due });
      wasReplicaTooOld ||= atReplica < due;
      await Bun.sleep(10);
    }
    ending.abort();
    await writing;
    expect(tooOld).toEqual([]);
    expect(wasReplicaTooOld).toBeTrue();
    expect(hosts).toContain(nameOf(primary));
    link.bytesPerSecond = Infinity;
    await until(() => hostOf(source) === nameOf(replica));
  },
  SLOW_MS,
);

test(
  "MySQL: what one server answers is not judged by how near another one at the same address is",
  async () => {
    using address = await startLink(replica.port);
    const source = await open(address, primary);
    const before = await ask(source, "12001");
    expect(hostOf(source)).toBe(nameOf(address));
    await replica.run("STOP SLAVE SQL_THREAD");
    // What was connected before the lane is what watches it, and is moved to a server that is always near.
    address.leadsTo = primary.port;
    const [{ id } = { id: 0 }] = v.parse(
      v.array(v.object({ id: v.any() })),
      await replica.run("SELECT max(id) AS id FROM information_schema.processlist WHERE user = 'klas'"),
    );
    await replica.run(`KILL ${String(id)}`);
    await setBalance(5000);
    await Bun.sleep(MAX_STALENESS_MS + 500);
    expect(before).not.toEqual({ balance: "5000" });
    expect(await ask(source, "12001")).toEqual({ balance: "5000" });
  },
  SLOW_MS,
);
