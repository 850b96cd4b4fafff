import { beforeEach, describe, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conformanceCases } from "../../src/source/conformance.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

const root = join(import.meta.dir, "../..");
const folder = temporaryFolder();
const config = join(folder, "config.toml");

beforeEach(() => {
  for (const name of ["plugins", "config.toml", "node_modules"]) {
    rmSync(join(folder, name), { recursive: true, force: true });
  }
});

function plugins(...arguments_: readonly string[]) {
  return runProgram(["plugins", ...arguments_, "--config", config]);
}

function write(name: string, text: string): void {
  mkdirSync(join(folder, "plugins"), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const read = (name: string) => readFileSync(join(folder, name), "utf8");

const unindented = (text: string) => text.replaceAll(/^ +/gm, "");

/** The compiler as an editor runs it on a single file: with nothing but the file and what lies beside it. */
async function compilerErrors(...files: readonly string[]): Promise<string> {
  const child = Bun.spawn(
    [
      join(root, "node_modules/.bin/tsc"),
      "--strict",
      "--noEmit",
      "--types",
      "",
      "--module",
      "preserve",
      ...files,
    ],
    { cwd: folder, stdout: "pipe" },
  );
  return child.stdout.text();
}

describe("new", () => {
  test("writes a plugin that conforms as it is, and says what to do next", async () => {
    const { stdout, stderr, exitCode } = await plugins("new", "my-core");
    expect([stderr, exitCode]).toEqual(["", 0]);
    expect(stdout).toContain("plugins/my-core.ts\n");
    expect(stdout).toContain("klas-balance plugins test my-core --player 12001");
    expect(read("plugins/my-core.ts")).toContain('plugin = "my-core"');

    const tested = await plugins("test", "my-core", "--player", "12001", "--balance", "30");
    expect([tested.stderr, tested.exitCode]).toEqual(["", 0]);
    expect(tested.stdout).toEndWith(`\n${conformanceCases.length} passed, 0 failed\n`);
  });

  test("what it writes type-checks, strictly, with nothing installed", async () => {
    await plugins("new", "my-core");
    const files = ["plugins/my-core.ts", "plugins/klas-balance.d.ts"];
    expect(await compilerErrors(...files)).toBe("");
    const source = read("plugins/my-core.ts");
    write(
      "plugins/my-core.ts",
      source.replace("return { balance };", "return { balance: 30 };").replace("check() {}", "check: 1"),
    );
    const errors = await compilerErrors(...files);
    expect(errors).toContain("Type 'number' is not assignable to type 'string'");
    expect(errors).toContain("Type 'number' is not assignable to type '(signal: AbortSignal)");
  }, 30_000);

  test("and with valibot installed, whose types are then looked at too", async () => {
    await plugins("new", "my-core");
    cpSync(join(root, "node_modules/valibot"), join(folder, "node_modules/valibot"), { recursive: true });
    const files = ["plugins/my-core.ts", "plugins/klas-balance.d.ts", "--skipLibCheck"];
    expect(await compilerErrors(...files)).toBe("");
    write(
      "plugins/my-core.ts",
      read("plugins/my-core.ts").replace("v.string(), v.regex", "v.number(), v.regex"),
    );
    expect(await compilerErrors(...files)).toContain("error TS");
  }, 30_000);

  test("the declarations hold the whole contract", async () => {
    await plugins("new", "my-core");
    const contract = readFileSync(join(root, "src/plugin.ts"), "utf8");
    expect(unindented(read("plugins/klas-balance.d.ts"))).toContain(unindented(contract.trimEnd()));
  });

  test("overwrites a plugin only with --force", async () => {
    write("plugins/my-core.ts", "mine");
    const refused = await plugins("new", "my-core");
    expect([refused.exitCode, read("plugins/my-core.ts")]).toEqual([1, "mine"]);
    expect(refused.stderr).toContain("plugins/my-core.ts would be overwritten; --force does it\n");
    expect(existsSync(join(folder, "plugins/klas-balance.d.ts"))).toBe(false);
    expect((await plugins("new", "my-core", "--force")).exitCode).toBe(0);
    expect(read("plugins/my-core.ts")).not.toBe("mine");
  });

  test.each(["../core", "", "rest"])("refuses the name %p", async (name) => {
    const { stderr, exitCode } = await plugins("new", name);
    expect([exitCode, existsSync(join(folder, "plugins"))]).toEqual([2, false]);
    expect(stderr).toMatch(/^error: (expected a name of|\w+ is built in)/);
  });
});

const SERVER = '[webhook]\nsecrets = ["a secret for these tests alone"]\n';
const picky = `
  import * as v from "valibot";
  export default {
    apiVersion: 1,
    options: v.strictObject({ balance: v.string() }),
    open: ({ balance }) => ({ lookup: ({ playerId }) => (playerId === "7" ? { balance } : null) }),
  };`;

describe("test", () => {
  test("takes the options of the source that has the plugin", async () => {
    write("plugins/picky.ts", picky);
    write(
      "config.toml",
      `${SERVER}[sources.players]\nplugin = "picky"\nbalance = "1"\n[sources.other]\nplugin = "picky"\nbalance = "2"\n`,
    );
    expect((await plugins("test", "picky", "--player", "7", "--balance", "1")).exitCode).toBe(0);
    expect((await plugins("test", "picky", "--player", "7", "--balance", "2")).exitCode).toBe(1);
    expect(
      (await plugins("test", "picky", "--player", "7", "--balance", "2.00", "--source", "other")).exitCode,
    ).toBe(0);
  });

  test("asks for the player whom init and plugins new make if none is given", async () => {
    await plugins("new", "my-core");
    expect((await plugins("test", "my-core")).exitCode).toBe(0);
    write("plugins/picky.ts", picky);
    write("config.toml", `${SERVER}[sources.players]\nplugin = "picky"\nbalance = "1"\n`);
    const { stdout, exitCode } = await plugins("test", "picky");
    expect(exitCode).toBe(1);
    expect(stdout).toContain('the known player "12001"');
  });

  test("names each case, what it expects, and what came instead", async () => {
    write(
      "plugins/wrong.ts",
      'export default { apiVersion: 1, open: () => ({ lookup: ({ playerId }) => ({ balance: playerId === "7" ? 7 : "0" }) }) };',
    );
    const { stdout, exitCode } = await plugins("test", "wrong", "--player", "7");
    expect(exitCode).toBe(1);
    for (const { name, expects } of conformanceCases) expect(stdout).toContain(`${name}: ${expects}\n`);
    expect(stdout).toContain(
      'the known player "7": source_failed (balance is a number, expected a decimal as text)',
    );
    expect(stdout).toContain("expected null");
    expect(stdout).toContain("the key an_option_that_does_not_exist was accepted");

    const json = await plugins("test", "wrong", "--player", "7", "--json");
    const results: unknown = JSON.parse(json.stdout);
    expect(results).toBeArrayOfSize(conformanceCases.length);
    expect(results).toContainEqual(
      expect.objectContaining({ case: "an unknown player", passed: false, problem: expect.any(String) }),
    );
    expect(json.exitCode).toBe(1);
  });

  test("takes a built-in too", async () => {
    write("config.toml", `${SERVER}[sources.players]\nplugin = "static"\nplayers = { "12001" = "30" }\n`);
    expect((await plugins("test", "static", "--player", "12001")).exitCode).toBe(0);
  });

  test.each([
    ["a plugin that does not exist", ["test", "nothing", "--player", "7"], 'there is no plugin "nothing"'],
    [
      "a balance that is none",
      ["test", "picky", "--player", "7", "--balance", "x"],
      "--balance is not a decimal",
    ],
    [
      "a source that does not exist",
      ["test", "picky", "--player", "7", "--source", "x"],
      'there is no source "x"',
    ],
    [
      "another plugin's source",
      ["test", "static", "--player", "7", "--source", "players"],
      'the source "players" has the plugin "picky"',
    ],
  ] as const)("%s is wrong usage", async (_what, arguments_, message) => {
    write("plugins/picky.ts", picky);
    write("config.toml", `${SERVER}[sources.players]\nplugin = "picky"\nbalance = "1"\n`);
    const { stderr, exitCode } = await plugins(...arguments_);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test("ends if the plugin leaves a timer behind", async () => {
    write("plugins/picky.ts", `${picky} setInterval(() => {}, 1000);`);
    write("config.toml", `${SERVER}[sources.players]\nplugin = "picky"\nbalance = "1"\n`);
    expect((await plugins("test", "picky", "--player", "7")).exitCode).toBe(0);
  });
});

describe("list", () => {
  test("shows the built-ins' options with types and defaults", async () => {
    const { stdout, exitCode } = await plugins("list");
    expect(exitCode).toBe(0);
    for (const line of [
      /^rest \(built in\)$/m,
      /^ {2}url +text +required$/m,
      /^ {2}method +"GET" or "POST" +default "GET"$/m,
      /^ {2}retries +integer +default 2$/m,
      /^ {2}breaker\.failures +integer +default 10$/m,
      /^ {2}auth\.basic\.user +text +required in auth\.basic$/m,
      /^ {2}not_found\.status +list of integer +default \[404\]$/m,
      /^ {2}coalesce +true or false +default false$/m,
      /^sqlite \(built in\)$/m,
      /^ {2}file +text +required$/m,
      /^static \(built in\)$/m,
      /^ {2}players +table such as .* +optional$/m,
    ]) {
      expect(stdout).toMatch(line);
    }
  });

  test("shows the operator's own, whatever their schema, and what does not load", async () => {
    write("plugins/picky.ts", picky);
    write(
      "plugins/other.js",
      'export default { apiVersion: 1, options: { "~standard": { version: 1, vendor: "zod", validate: (value) => ({ value }) } }, open() {} };',
    );
    write("plugins/free.ts", "export default { apiVersion: 1, open() {} };");
    write("plugins/broken.ts", "export default;");
    write("plugins/klas-balance.d.ts", "");
    const { stdout } = await plugins("list");
    expect(stdout).toContain("\npicky (plugins/picky.ts)\n  balance  text  required\n");
    expect(stdout).toContain(
      "\nother (plugins/other.js)\n  checked by a schema of zod, which does not show its options\n",
    );
    expect(stdout).toContain("\nfree (plugins/free.ts)\n  no schema: any option is passed on\n");
    expect(stdout).toContain("\nbroken\n  does not load: plugins/broken.ts:1:15: ");

    const listed: unknown = JSON.parse((await plugins("list", "--json")).stdout);
    expect(listed).toContainEqual({
      name: "picky",
      file: "plugins/picky.ts",
      options: [{ name: "balance", type: "text", required: true }],
    });
    expect(listed).not.toContainEqual(expect.objectContaining({ name: "klas-balance" }));
  });
});

describe("plugins test says once what every case would fail with", () => {
  test("an option that is wrong, where it is", async () => {
    const cwd = temporaryFolder();
    const source = '[sources.players]\nplugin = "static"\nplayrs = 1\n';
    writeFileSync(join(cwd, "config.toml"), `[webhook]\nsecrets = ["a secret that is long"]\n${source}`);
    const { stdout, stderr, exitCode } = await runProgram(["plugins", "test", "static"], { cwd });
    expect(stdout).toBe("");
    expect(stderr).toBe('error: config.toml: sources.players.playrs: unknown key, did you mean "players"?\n');
    expect(exitCode).toBe(2);
  });

  test("options that are needed, and a table to put them into", async () => {
    const { stdout, stderr, exitCode } = await runProgram(["plugins", "test", "rest"], {
      cwd: temporaryFolder(),
    });
    expect(stdout).toBe("");
    expect(stderr).toContain('error: rest needs options, and there is no source with plugin = "rest":\n');
    expect(stderr).toContain("config.toml: sources.NAME.url: missing");
    expect(exitCode).toBe(2);
  });

  test("a plugin that is not there, whatever another file holds", async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, "plugins"));
    writeFileSync(join(cwd, "plugins/core.ts"), "export default {");
    writeFileSync(join(cwd, "config.toml"), "no TOML");
    const { stderr, exitCode } = await runProgram(["plugins", "test", "cora"], { cwd });
    expect(stderr).toStartWith('error: there is no plugin "cora", did you mean "core"?');
    expect(exitCode).toBe(2);
  });
});
