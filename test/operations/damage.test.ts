import { Database } from "bun:sqlite";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, mkdirSync, openSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { run } from "../server-process.ts";
import { configOf, eventually, OK, operate, type Operated } from "./operated.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const OWN = 'plugin = "sqlite"\nfile = "balances.db"';
const OPERATORS = `${OWN}\nquery = "SELECT balance_minor FROM players WHERE player_id = :player_id"`;
const UNKNOWN = '{"status_code":"ERR_UNKNOWN"}';
const PAGE_BYTES = 4096;
const PLAYERS = 3000;

setDefaultTimeout(60_000);

const root = temporaryFolder();

/** A database of many pages; `12001` is on its last one. */
async function makeDatabase(folder: string): Promise<void> {
  const file = join(folder, "balances.db");
  using database = await openToWrite(file);
  database.run("BEGIN");
  const insert = database.prepare<null, [string]>("INSERT INTO players VALUES (?, 'EUR', 3000, 0)");
  for (let player = 0; player < PLAYERS; player += 1) insert.run(`p${player}`);
  insert.run("12001");
  database.run("COMMIT");
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
}

function overwrite(file: string, atByte: number, bytes: Uint8Array): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, bytes, 0, bytes.length, atByte);
  closeSync(descriptor);
}

const DAMAGES: readonly (readonly [what: string, damage: (file: string) => void, says: string])[] = [
  ["its header", (file) => overwrite(file, 0, Buffer.alloc(100, 0x41)), "is not an SQLite database"],
  ["its end cut off", (file) => truncateSync(file, 2 * PAGE_BYTES + 100), "is damaged"],
  [
    "all pages but the first",
    (file) => overwrite(file, PAGE_BYTES, Buffer.alloc(statSync(file).size - PAGE_BYTES)),
    "is damaged",
  ],
];

describe.concurrent("a damaged database", () => {
  describe.each([
    ["own", OWN],
    ["operator's", OPERATORS],
  ])("%s", (kind, source) => {
    test.each(DAMAGES)("before the start: %s", async (what, damage, says) => {
      const cwd = join(root, `${kind} ${what}`);
      mkdirSync(cwd);
      await makeDatabase(cwd);
      damage(join(cwd, "balances.db"));
      writeFileSync(join(cwd, "config.toml"), configOf({ source }));
      const { exitCode, stdout } = await run(["check"], { cwd });
      expect(stdout).toContain(`balances.db ${says}`);
      expect(exitCode).toBe(1);
    });

    test("while it is read: some of its pages", async () => {
      await using server = await operate({ source }, makeDatabase);
      const file = join(server.folder, "balances.db");
      overwrite(file, 8 * PAGE_BYTES, Buffer.alloc(16 * PAGE_BYTES, 0xa5));
      const answers = await answersOf(server);
      expect(new Set(answers)).toEqual(new Set([OK, UNKNOWN]));
      const problem = await server.line(({ reason }) => reason === "source_failed");
      expect(problem["detail"]).toContain("balances.db is damaged: restore a backup");
      expect(server.lines().filter(({ msg }) => msg.includes("bug"))).toEqual([]);
      // No read is of an old state, either.
      using writer = new Database(file);
      writer.run("UPDATE players SET balance_minor = 4000 WHERE player_id = '12001'");
      expect(await server.balance()).toBe('{"balance":"40","status_code":"OK"}');
    });

    test("while it is read: its end cut off", async () => {
      await using server = await operate({ source }, makeDatabase);
      truncateSync(join(server.folder, "balances.db"), 2 * PAGE_BYTES + 100);
      await eventually("no answer", async () => (await server.balance()) === UNKNOWN);
      await eventually("the reason in /readyz", async () => {
        const { status, not_ready } = await server.readyz();
        return status === 503 && not_ready.join().includes("is damaged");
      });
    });
  });

  test("an empty file is warned of, since nobody has a balance there", async () => {
    await using server = await operate({ source: OWN }, (folder) =>
      writeFileSync(join(folder, "balances.db"), ""),
    );
    await server.line(({ msg }) => msg.includes("it holds no players yet"));
    expect(await server.balance()).toBe('{"status_code":"ERR_PLAYER_NOT_FOUND"}');
  });
});

async function answersOf(server: Operated): Promise<readonly (string | undefined)[]> {
  const answers = [];
  for (let player = 0; player < PLAYERS; player += 20) {
    answers.push(await server.balance({ player: `p${player}` }));
  }
  return answers;
}
