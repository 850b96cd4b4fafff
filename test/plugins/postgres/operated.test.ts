import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type PostgresServer, startPostgres } from "../../engines/postgres-server.ts";
import { OK, operate } from "../../operations/operated.ts";
import { ownPlayers } from "./own-players.ts";

const DATABASE = "operated";
const SLOW_MS = 60_000;

async function filled(): Promise<PostgresServer> {
  const server = await startPostgres();
  await ownPlayers(server, DATABASE, { "12001": 3000n });
  return server;
}

function sourceTable(server: PostgresServer, further: string): string {
  return `plugin = "postgres"\nhosts = ["127.0.0.1:${server.port}"]\ndatabase = "${DATABASE}"\nuser = "klas"\n${further}`;
}

function writePassword(folder: string, password: string): void {
  writeFileSync(join(folder, "password"), password, { mode: 0o600 });
}

test(
  "how far a replica is behind is a metric and part of the source's state, and too far is not ready without a lookup",
  async () => {
    const primary = await filled();
    const replica = await primary.replica();
    const maxStaleness = 2000;
    await using server = await operate({
      source: sourceTable(replica, `role = "any"\nmax_staleness_ms = ${maxStaleness}`),
    });
    const series = 'klas_balance_source_staleness_seconds{source="players"}';
    // An idle primary would make it look old.
    await primary.run("UPDATE players SET updated_at = 1", DATABASE);
    expect(await server.balance()).toBe(OK);
    const behind = await server.metric(series);
    expect(behind).toBeGreaterThan(0);
    expect(behind).toBeLessThan(maxStaleness / 1000);
    const status = await (await server.admin("/api/status")).text();
    expect(status).toMatch(/"staleness_ms":\d+/);

    await replica.run("SELECT pg_wal_replay_pause()");
    await primary.run("UPDATE players SET balance_minor = 3100", DATABASE);
    await Bun.sleep(maxStaleness + 500);
    const { ready, not_ready } = await server.readyz();
    expect({ ready, not_ready }).toEqual({
      ready: false,
      not_ready: [expect.stringContaining("is a replica that may be more than 2000 ms behind its primary")],
    });
    // No host is in use any more, so nothing answers that could be behind.
    while ((await server.metric(series)) !== undefined) await Bun.sleep(50);
  },
  SLOW_MS,
);

test(
  "where no staleness is bounded there is no such metric",
  async () => {
    const server = await filled();
    await using operated = await operate({ source: sourceTable(server, 'role = "any"') });
    expect(await operated.balance()).toBe(OK);
    expect(await operated.metric('klas_balance_source_staleness_seconds{source="players"}')).toBeUndefined();
  },
  SLOW_MS,
);

test(
  "a password is rotated by a reload, no call fails, and a wrong one leaves the old source in use",
  async () => {
    const database = await filled();
    await database.run("ALTER ROLE klas PASSWORD 'first horse'");
    const rules = join(database.folder, "pg_hba.conf");
    database.put("pg_hba.conf", `host all klas 127.0.0.1/32 scram-sha-256\n${readFileSync(rules, "utf8")}`);
    await database.run("SELECT pg_reload_conf()");
    const end = () =>
      database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klas'");

    await using server = await operate(
      { source: sourceTable(database, 'password = "${file:password}"') },
      (folder) => writePassword(folder, "first horse"),
    );
    expect(await server.balance()).toBe(OK);

    writePassword(server.folder, "wrong horse");
    expect(JSON.stringify(await server.reload())).toContain("refuses the password of the user");
    expect(await server.balance()).toBe(OK);

    // What is connected stays so; the new password is for what connects from now on.
    await database.run("ALTER ROLE klas PASSWORD 'second horse'");
    expect(await server.balance()).toBe(OK);
    writePassword(server.folder, "second horse");
    expect((await server.reload()).msg).toBe("reloaded");
    expect(await server.balance()).toBe(OK);
    await end();
    expect(await server.balance()).toBe(OK);
    expect(JSON.stringify(server.lines())).not.toContain("horse");
  },
  SLOW_MS,
);
