import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { open } from "../raw-http.ts";
import { limitedFiles } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { countLog, serveLoggingTo } from "./logging-to-file.ts";
import { call, callBytes, eventually, OK, operate, type Operated, SECRET } from "./operated.ts";

const SQLITE = 'plugin = "sqlite"\nfile = "balances.db"';
const UNKNOWN = '{"status_code":"ERR_UNKNOWN"}';
const TIMEOUT = '{"status_code":"ERR_TIMEOUT"}';

async function makeDatabase(file: string, minorUnits: bigint): Promise<void> {
  using database = await openToWrite(file);
  database.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', ?)", [
    minorUnits,
  ]);
}

async function untilBalance(server: Operated, text: string): Promise<void> {
  await eventually(text, async () => (await server.balance()) === text);
}

function serveCore(port: number): Bun.Server<undefined> {
  return Bun.serve({ hostname: "127.0.0.1", port, fetch: () => new Response('{"balance":30}') });
}

setDefaultTimeout(60_000);

const logs = temporaryFolder();

describe.concurrent("the process survives", () => {
  test("its SQLite file replaced, and deleted", async () => {
    await using server = await operate({ source: SQLITE }, (folder) =>
      makeDatabase(join(folder, "balances.db"), 3000n),
    );
    const file = join(server.folder, "balances.db");
    expect(await server.balance()).toBe(OK);

    await makeDatabase(join(server.folder, "next.db"), 4000n);
    renameSync(join(server.folder, "next.db"), file);
    for (const end of ["-wal", "-shm"]) rmSync(`${file}${end}`, { force: true });
    await untilBalance(server, '{"balance":"40","status_code":"OK"}');

    rmSync(file);
    await untilBalance(server, UNKNOWN);
    expect((await server.readyz()).status).toBe(503);
    expect((await server.admin("/healthz")).status).toBe(200);
    await makeDatabase(join(server.folder, "back.db"), 3000n);
    renameSync(join(server.folder, "back.db"), file);
    await untilBalance(server, OK);
    await eventually("readiness", async () => (await server.readyz()).status === 200);
  });

  test("its SQLite file locked for longer than any lookup has time", async () => {
    const source = `${SQLITE}\nquery = "SELECT balance FROM accounts WHERE id = :player_id"`;
    const webhook = `secrets = ["${SECRET}"]\ntimeout_ms = 200`;
    await using server = await operate({ source, webhook }, (folder) => {
      using database = new Database(join(folder, "balances.db"));
      database.run("CREATE TABLE accounts (id TEXT PRIMARY KEY, balance INTEGER)");
      database.run("INSERT INTO accounts VALUES ('12001', 30)");
    });
    using writer = new Database(join(server.folder, "balances.db"));
    writer.run("BEGIN EXCLUSIVE");
    const answers: (string | undefined)[] = [];
    for (let round = 0; round < 6; round += 1) {
      answers.push(...(await Promise.all(Array.from({ length: 50 }, () => server.balance()))));
    }
    expect(new Set(answers)).toEqual(new Set([TIMEOUT]));
    expect(await server.metric("klas_balance_source_up")).toBe(0);
    writer.run("ROLLBACK");
    expect(await server.balance()).toBe(OK);
  });

  test("its core gone and back", async () => {
    using first = serveCore(0);
    const port = first.port ?? 0;
    const source = [
      'plugin = "rest"',
      `url = "http://127.0.0.1:${port}/{player_id}"`,
      'balance = "/balance"',
      "retries = 0",
      "breaker = { failures = 3, open_seconds = 1 }",
    ].join("\n");
    await using server = await operate({ source });
    expect(await server.balance()).toBe(OK);
    await first.stop(true);
    for (let calls = 0; calls < 50; calls += 1) expect(await server.balance()).toBe(UNKNOWN);
    using _second = serveCore(port);
    await untilBalance(server, OK);
    // A reload while the core is gone is tried on the same terms.
    expect(await server.reload()).toMatchObject({ msg: "reloaded" });
  });

  // A limit on the size of files cuts a line as a full disk does, and needs no mount.
  test("its log full: each line is whole or counted, also one that was cut", async () => {
    const file = join(logs, "server.log");
    await using server = await serveLoggingTo(file, { admin: false }, limitedFiles(40));
    let calls = 0;
    async function ask(count: number): Promise<void> {
      for (let asked = 0; asked < count; asked += 1) {
        expect((await call(server.port))?.body.toString()).toBe(OK);
        calls += 1;
      }
    }
    await ask(200);
    await eventually("a cut line", () => Promise.resolve(statSync(file).size === 40 * 512));
    expect(server.log().endsWith("\n")).toBe(false);
    await ask(20);
    Bun.spawnSync(["prlimit", "--fsize=unlimited", "--pid", String(server.pid)]);
    await ask(20);
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    const log = countLog(server.log());
    expect(log).toMatchObject({ torn: 0 });
    // How many depends on how many of them waited for one write.
    expect(log.lost).toBeGreaterThan(0);
    expect(log.calls + log.lost).toBe(calls);
  });

  test("2,000 idle connections, and answers on all of them", async () => {
    await using server = await operate({ log: 'level = "warn"' });
    const connections = await Promise.all(Array.from({ length: 2000 }, () => open(server.process.port)));
    expect(await server.balance()).toBe(OK);
    for (const connection of connections) connection.send(callBytes());
    for (const connection of connections) expect((await connection.next())?.body.toString()).toBe(OK);
    for (const connection of connections) connection.destroy();
    await eventually("the end of them", async () => ((await server.metric("process_open_fds")) ?? 0) < 100);
  });
});
