import { beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withPlayers } from "../../../plugins/postgres/players.ts";
import { runProgram } from "../../commands/run-program.ts";
import { sharedPostgres } from "../../engines/postgres-server.ts";
import { temporaryFolder } from "../../temporary-folder.ts";
import { ask, open, optionsFor } from "./subject.ts";

const DATABASE = "kept";
const SLOW_MS = 60_000;
const folder = temporaryFolder();
// Here, because a start may take longer than a test.
const server = await sharedPostgres();

beforeAll(async () => {
  await server.database(DATABASE);
  const webhook = `[webhook]\nsecrets = ["a secret that is long enough"]\nsource = "own"\n[sources.own]\n`;
  const postgres = `plugin = "postgres"\nhosts = ["127.0.0.1:${server.port}"]\ndatabase = "${DATABASE}"\nuser = "klas"\n`;
  writeFileSync(join(folder, "config.toml"), webhook + postgres);
  writeFileSync(join(folder, "sqlite.toml"), `${webhook}plugin = "sqlite"\nfile = "balances.db"\n`);
});

async function players(...words: readonly string[]) {
  return await runProgram(["players", ...words], { cwd: folder });
}

test("there is no table until one is made", async () => {
  const { stderr, exitCode } = await players("list");
  expect(stderr).toContain("holds no players table of this version");
  expect(exitCode).toBe(1);
});

test("a dry run of an import needs none, and makes none", async () => {
  writeFileSync(join(folder, "first.csv"), "player_id;currency;balance\n12001;EUR;30,50\n");
  const { stdout, stderr } = await players("import", "first.csv", "--dry-run");
  expect({ stdout, stderr }).toEqual({
    stdout: "would import 1 player: 1 new, 0 changed, 0 unchanged\n",
    stderr: "",
  });
  expect((await players("list")).exitCode).toBe(1);
});

test(
  "set, get, list and remove",
  async () => {
    expect(await players("set", "12001", "30.50", "EUR")).toMatchObject({ exitCode: 0 });
    expect((await players("get", "12001")).stdout).toContain("30.5");
    await players("set", "12001", "0.07", "KWD");
    const [one] = JSON.parse((await players("list", "--json")).stdout);
    expect(one).toEqual({ player_id: "12001", currency: "KWD", balance: "0.07" });
    expect((await players("remove", "12001")).exitCode).toBe(0);
    expect((await players("remove", "12001")).exitCode).toBe(1);
    expect((await players("get", "12001")).exitCode).toBe(1);
  },
  SLOW_MS,
);

test("a list from an id on begins there, as the console's next page does", async () => {
  const options = { ...optionsFor(server, DATABASE), tls: { mode: "off" } };
  await withPlayers({ options, directory: folder }, "make", async (table) => {
    for (const playerId of ["B", "a", "c"]) await table.put({ playerId, currency: "EUR", balanceMinor: 1n });
    const ids: string[] = [];
    for await (const player of table.list("a")) ids.push(player.playerId);
    expect(ids).toEqual(["a", "c"]);
    for (const playerId of ["B", "a", "c"]) await table.remove(playerId);
  });
});

test(
  "from SQLite by an export and an import, of which none, one or all is there",
  async () => {
    const ids = Array.from({ length: 3000 }, (_, index) => `p-${index}`);
    const rows = ids.map((id, index) => `${id},EUR,${index}.07`);
    writeFileSync(
      join(folder, "given.csv"),
      `player_id,currency,balance\n${rows.join("\n")}\n"é, ""x""",JPY,5\n`,
    );
    const sqlite = ["--config", "sqlite.toml"];
    expect(await players("import", "given.csv", ...sqlite)).toMatchObject({ exitCode: 0 });
    expect(await players("export", "moved.csv", ...sqlite)).toMatchObject({ exitCode: 0 });
    expect((await players("import", "moved.csv", "--dry-run")).exitCode).toBe(0);
    expect((await players("list", "--json")).stdout.trim()).toBe("[]");
    expect((await players("import", "moved.csv")).stdout).toContain("3001 new, 0 changed, 0 unchanged");
    expect((await players("import", "moved.csv")).stdout).toContain("0 new, 0 changed, 3001 unchanged");
    expect(await players("export", "back.csv")).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(folder, "back.csv"), "utf8")).toBe(
      readFileSync(join(folder, "moved.csv"), "utf8"),
    );
    const { source } = await open(optionsFor(server, DATABASE));
    expect(await ask(source, "p-2999")).toEqual({ balanceMinor: 299_907n, exponent: 2, currency: "EUR" });
    expect(await ask(source, 'é, "x"')).toEqual({ balanceMinor: 5n, exponent: 0, currency: "JPY" });
  },
  SLOW_MS,
);

test(
  "an import with bad rows changes nothing, and names them by line",
  async () => {
    const rows = ["new-1,EUR,1", "new-2,EUR,1.234", "new-3,EUR,1", "new-1,EUR,2"];
    writeFileSync(join(folder, "bad.csv"), `player_id,currency,balance\n${rows.join("\n")}\n`);
    const { stderr, exitCode } = await players("import", "bad.csv");
    expect(stderr).toContain("line 3: ");
    expect(stderr).toContain("line 5: the same player_id as line 2");
    expect(exitCode).toBe(1);
    expect((await players("get", "new-1")).exitCode).toBe(1);
  },
  SLOW_MS,
);

test("a database that cannot be reached is one line", async () => {
  writeFileSync(
    join(folder, "nowhere.toml"),
    readFileSync(join(folder, "config.toml"), "utf8").replace(DATABASE, "nowhere"),
  );
  const { stderr, exitCode } = await players("list", "--config", "nowhere.toml");
  expect(stderr.trim()).toMatch(/127\.0\.0\.1:\d+ has no database "nowhere": correct database$/);
  expect(stderr.trim()).not.toContain("\n");
  expect(exitCode).toBe(1);
});
