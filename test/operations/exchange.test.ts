import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { linkSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { type Finished, run, serve } from "../server-process.ts";
import { startLoad } from "../soak/load.ts";
import { call, configOf, eventually, operate, type Operated, SECRET } from "./operated.ts";

const OWN = 'plugin = "sqlite"\nfile = "balances.db"';
const NEW = '{"balance":"2","status_code":"OK"}';

/** And shorter than the server waits for others who read from the log of a file that it gives up. */
const LONG_ENOUGH_TO_BE_NOTICED_MS = 150;

/** More players than the old file has pages for. */
const MANY = 20_000;

/** A closed database in which every player has the same balance in EUR. */
async function make(file: string, players: number, balanceMinor: bigint): Promise<void> {
  using database = await openToWrite(file);
  database.run(
    "WITH RECURSIVE n(i) AS (SELECT 12001 UNION ALL SELECT i + 1 FROM n WHERE i < 12000 + ?) " +
      "INSERT INTO players (player_id, currency, balance_minor) SELECT i, 'EUR', ? FROM n",
    [BigInt(players), balanceMinor],
  );
}

async function operateOwn(workers: number, sizes: readonly [old: number, replacement: number]) {
  return await operate({ server: `workers = ${workers}`, source: OWN }, async (folder) => {
    await make(join(folder, "balances.db"), sizes[0], 100n);
    await make(join(folder, "restored.db"), sizes[1], 200n);
  });
}

async function command({ folder }: Operated, ...parameters: readonly string[]): Promise<Finished> {
  return await run(parameters, { cwd: folder });
}

function exchange({ folder }: Operated): void {
  renameSync(join(folder, "restored.db"), join(folder, "balances.db"));
}

async function writeAndExchange(server: Operated, pauseMs: number): Promise<void> {
  expect((await command(server, "players", "set", "12001", "99", "EUR")).exitCode).toBe(0);
  await Bun.sleep(pauseMs);
  exchange(server);
}

/** The content past the commands, and that SQLite finds nothing wrong with it. */
function expectSound({ folder }: Operated, players: number, sum: number): void {
  using database = new Database(join(folder, "balances.db"), { readwrite: true });
  expect(database.prepare("PRAGMA integrity_check").values()).toEqual([["ok"]]);
  expect(database.prepare("SELECT count(*), sum(balance_minor) FROM players").values()).toEqual([
    [players, sum],
  ]);
}

/** Asked often enough that every worker has answered. */
async function expectNewBalance(server: Operated): Promise<void> {
  await eventually("the new balance", async () => {
    for (let times = 0; times < 20; times += 1) {
      if ((await server.balance()) !== NEW) return false;
    }
    return true;
  });
}

const SIZES: readonly [old: number, replacement: number][] = [
  [1, MANY],
  [MANY, 1],
];

describe.concurrent("a database moved over the one that is served", () => {
  test.each(SIZES.flatMap((sizes) => [0, 3000].map((pauseMs) => [sizes, pauseMs] as const)))(
    "%j players, %d ms after `players set`: answers as the new one does",
    async (sizes, pauseMs) => {
      await using server = await operateOwn(2, sizes);
      await writeAndExchange(server, pauseMs);
      await expectNewBalance(server);
      expectSound(server, sizes[1], sizes[1] * 200);
    },
    60_000,
  );

  test.each(SIZES)(
    "of %d players by one of %d: every command finds the new one at once",
    async (old, replacement) => {
      await using server = await operateOwn(1, [old, replacement]);
      await writeAndExchange(server, 0);
      const got = await command(server, "players", "get", "12001", "--json");
      expect(JSON.parse(got.stdout)).toEqual({ player_id: "12001", currency: "EUR", balance: "2" });
      const checked = await command(server, "check", "--json");
      expect(checked.exitCode).toBe(0);
      const exported = await command(server, "players", "export");
      expect(exported.stdout.split("\n")).toHaveLength(replacement + 2);
      expect((await command(server, "players", "set", "new", "1", "EUR")).exitCode).toBe(0);
      await expectNewBalance(server);
      expectSound(server, replacement + 1, replacement * 200 + 100);
    },
    60_000,
  );

  test.each(SIZES)(
    "of %d players by one of %d, written to by another program before: a stop and a start at once",
    async (old, replacement) => {
      await using server = await operateOwn(2, [old, replacement]);
      const { folder } = server;
      linkSync(join(folder, "balances.db"), join(folder, "aside.db"));
      {
        using other = new Database(join(folder, "balances.db"), { readwrite: true });
        other.run("UPDATE players SET balance_minor = 9900");
      }
      exchange(server);
      server.process.signal("SIGTERM");
      expect(await server.process.exited).toBe(0);
      const again = await serve(folder, configOf({ source: OWN }), { options: [] });
      try {
        expect((await call(again.port))?.body.toString()).toBe(NEW);
      } finally {
        again.signal("SIGTERM");
        await again.exited;
      }
      expectSound(server, replacement, replacement * 200);
      expect(readdirSync(folder).filter((name) => name.startsWith("balances"))).toEqual(["balances.db"]);
      using aside = new Database(join(folder, "aside.db"), { readonly: true });
      expect(aside.prepare("SELECT DISTINCT balance_minor FROM players").values()).toEqual([[9900]]);
    },
    60_000,
  );

  test.each([1, 2])(
    "under load: no call fails, and soon none is answered from the old one: workers = %i",
    async (workers) => {
      await using server = await operateOwn(workers, [1, MANY]);
      const both = ['{"balance":"1","status_code":"OK"}', NEW];
      let right = both;
      await using load = startLoad({
        port: server.process.port,
        keepAlive: 8,
        fresh: 8,
        secret: () => SECRET,
        right: () => right,
      });
      // One that reads from the old log keeps the server from giving up the old file for a while.
      using reader = new Database(join(server.folder, "balances.db"), { readonly: true });
      reader.run("BEGIN");
      reader.prepare("SELECT * FROM players").get();
      using writer = new Database(join(server.folder, "balances.db"), { readwrite: true });
      writer.run("UPDATE players SET updated_at = 1");
      exchange(server);
      await Bun.sleep(LONG_ENOUGH_TO_BE_NOTICED_MS);
      reader.run("COMMIT");
      await expectNewBalance(server);
      // What was asked before is answered by now.
      await Bun.sleep(200);
      right = [NEW];
      await Bun.sleep(200);
      const { failed, answered } = await load.stop();
      expect(failed).toEqual([]);
      expect(answered).toBeGreaterThan(100);
    },
    60_000,
  );

  test("and the server killed: the next one answers as the new one does", async () => {
    await using server = await operateOwn(1, [1, MANY]);
    await writeAndExchange(server, 0);
    server.process.signal("SIGKILL");
    await server.process.exited;
    const again = await serve(server.folder, configOf({ source: OWN }), { options: [] });
    try {
      expect((await call(again.port))?.body.toString()).toBe(NEW);
    } finally {
      again.signal("SIGTERM");
      await again.exited;
    }
    expectSound(server, MANY, MANY * 200);
  }, 60_000);

  test("or deleted: `check` makes none, and says so", async () => {
    await using server = await operateOwn(1, [1, 1]);
    renameSync(join(server.folder, "balances.db"), join(server.folder, "aside.db"));
    const { exitCode, stdout, stderr } = await command(server, "check", "--json");
    expect(exitCode).toBe(0);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toContainEqual({
      level: "warning",
      message: `source "players": ${join(server.folder, "balances.db")} does not exist yet: \`serve\` makes it, and it will hold no players`,
    });
    expect(readdirSync(server.folder)).not.toContain("balances.db");
  }, 60_000);
});
