import { describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limitedFiles, run } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = temporaryFolder();
const CONFIG = '[webhook]\nsecrets = ["s"]\n[sources.players]\nplugin = "sqlite"\nfile = "balances.db"\n';

/** What lies in a folder, with its content. */
function contentOf(path: string): object {
  const names = readdirSync(path, { recursive: true, encoding: "utf8" }).filter((name) =>
    /\.\w+$/.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name), "latin1")]));
}

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** A command for which no file may grow beyond so many blocks of 512 bytes. */
async function runLimited(cwd: string, blocks: number, ...command: string[]) {
  const { exitCode, stdout, stderr } = await run(command, { cwd, before: limitedFiles(blocks) });
  return { exitCode, stdout, problem: stderr };
}

describe("a file that cannot be written to its end leaves what was there", () => {
  test.each([
    ["the configuration", 1],
    ["the database", 8],
  ])("init: %s", async (_what, blocks) => {
    const cwd = folder(`init-${blocks}`);
    const { exitCode, problem } = await runLimited(cwd, blocks, "init");
    expect(problem).toMatch(/^error: .*cannot (be|write)/);
    expect(problem).not.toContain(" at ");
    expect(exitCode).toBe(1);
    expect(contentOf(cwd)).toEqual({});
    expect((await run(["init"], { cwd })).exitCode).toBe(0);

    const before = contentOf(cwd);
    expect((await runLimited(cwd, blocks, "init", "--force")).exitCode).toBe(1);
    expect(contentOf(cwd)).toEqual(before);
  });

  test("plugins new", async () => {
    const cwd = folder("plugins-new");
    const first = await runLimited(cwd, 1, "plugins", "new", "core");
    expect(first).toEqual({
      exitCode: 1,
      stdout: "",
      problem: `error: cannot write to ${join(cwd, "plugins")}: it would be larger than a file may be\n`,
    });
    expect(contentOf(cwd)).toEqual({});
    writeFileSync(join(cwd, "plugins/core.ts"), "export default 1;");
    expect((await runLimited(cwd, 1, "plugins", "new", "core", "--force")).exitCode).toBe(1);
    expect(contentOf(cwd)).toEqual({ "plugins/core.ts": "export default 1;" });
  });

  test("players export, and import", async () => {
    const cwd = folder("players");
    writeFileSync(join(cwd, "config.toml"), CONFIG);
    const rows = Array.from({ length: 5000 }, (_, index) => `player-${index},EUR,30`);
    const csv = ["player_id,currency,balance", ...rows, ""].join("\n");
    writeFileSync(join(cwd, "few.csv"), "player_id,currency,balance\n12001,EUR,30\n");
    expect((await run(["players", "set", "12001", "30", "EUR"], { cwd })).exitCode).toBe(0);
    writeFileSync(join(cwd, "all.csv"), csv);
    expect((await runLimited(cwd, 80, "players", "import", "all.csv")).exitCode).toBe(1);
    expect((await run(["players", "export"], { cwd })).stdout).toBe(
      "player_id,currency,balance\n12001,EUR,30.00\n",
    );
    expect((await run(["players", "import", "all.csv"], { cwd })).exitCode).toBe(0);
    const { exitCode, problem } = await runLimited(cwd, 80, "players", "export", "few.csv");
    expect(problem).toBe("error: cannot write few.csv: it would be larger than a file may be\n");
    expect(exitCode).toBe(1);
    expect(readFileSync(join(cwd, "few.csv"), "utf8")).toBe("player_id,currency,balance\n12001,EUR,30\n");
    expect(readdirSync(cwd).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });
});
