import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";
import { builtIns } from "../../src/source/built-in.ts";
import { runProgram } from "./run-program.ts";

const ISSUED = "issued-by-klas-gaming-4711";

function emptyFolder(): string {
  const folder = join(temporaryFolder(), "here");
  mkdirSync(folder);
  return folder;
}

test("what to do next names the folder as it was given, and the port", async () => {
  const folder = join(temporaryFolder(), "from/here");
  mkdirSync(folder, { recursive: true });
  const there = join(folder, "../../klas");
  const { stdout, exitCode } = await runProgram(["init", there, "--port", "18081"], { cwd: folder });
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`\nNext:\n  cd ${there}\n  klas-balance check `);
  expect(stdout).toContain("# answers on port 18081 until Ctrl-C\n");
  expect(readFileSync(join(there, "config.toml"), "utf8")).toContain("\nport = 18081\n");
  expect(stdout).toContain("\nWhile it runs, http://127.0.0.1:9464/ shows it at work.\n");
  expect(stdout).toContain("\n  klas-balance call 12001 ");
  const { stdout: here } = await runProgram(["init", "--source", "rest"], { cwd: folder });
  expect(here).toContain("\nNext:\n  edit config.toml: say where your core is\n");
  expect(here).toContain("\n  klas-balance check --player ID ");
});

test("without a secret of Klas Gaming's it makes a trial one in a file of its own, which check warns of", async () => {
  const cwd = emptyFolder();
  const { stdout } = await runProgram(["init"], { cwd });
  expect(stdout).toContain("\nThe secret is a trial one. Klas Gaming issues the real one");
  expect(readFileSync(join(cwd, "secret"), "utf8")).toMatch(/^trial-[0-9a-f]{64}\n$/);
  const config = readFileSync(join(cwd, "config.toml"), "utf8");
  expect(config).toContain('\nsecrets = ["${file:secret}"]\n');
  expect(config).toContain("\n[admin] ");
  for (const file of ["secret", "config.toml"]) expect(statSync(join(cwd, file)).mode & 0o777).toBe(0o600);
  const { stdout: findings, exitCode } = await runProgram(["check"], { cwd });
  expect(findings).toContain("warning the secret is a trial one, which Klas Gaming does not know");
  expect(exitCode).toBe(0);
});

test("takes the secret that Klas Gaming issued, and check has nothing to say against it", async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "klas.txt"), `${ISSUED}\r\n`);
  const { stdout } = await runProgram(["init", "--secret-file", "klas.txt"], { cwd });
  expect(stdout).toContain("\nThe secret is the one that Klas Gaming issued.");
  expect(stdout).not.toContain(ISSUED);
  expect(readFileSync(join(cwd, "secret"), "utf8")).toBe(`${ISSUED}\n`);
  expect((await runProgram(["check"], { cwd })).stdout).not.toContain("warning the secret");
});

test("a secret that lies in its place already is taken as it is, and closed to others", async () => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "secret"), ISSUED, { mode: 0o644 });
  const refused = await runProgram(["init"], { cwd });
  expect(refused.stderr).toContain(`there already; "--secret-file secret" takes it as it is`);
  expect(refused.exitCode).toBe(1);
  expect(readdirSync(cwd)).toEqual(["secret"]);
  const { exitCode } = await runProgram(["init", "--secret-file", "secret"], { cwd });
  expect(exitCode).toBe(0);
  expect(readFileSync(join(cwd, "secret"), "utf8")).toBe(ISSUED);
  expect(statSync(join(cwd, "secret")).mode & 0o777).toBe(0o600);
});

test("a second run changes nothing; --force keeps the first one's files under another name", async () => {
  const cwd = emptyFolder();
  await runProgram(["init"], { cwd });
  const first = readFileSync(join(cwd, "secret"), "utf8");
  const refused = await runProgram(["init"], { cwd });
  expect(refused.stderr).toContain("secret, balances.db: there already; --force ");
  expect(readFileSync(join(cwd, "secret"), "utf8")).toBe(first);
  expect((await runProgram(["init", "--force"], { cwd })).exitCode).toBe(0);
  expect(readFileSync(join(cwd, "secret"), "utf8")).not.toBe(first);
  const kept = readdirSync(cwd).find((name) => /^secret\..*\.bak$/.test(name));
  expect(readFileSync(join(cwd, kept ?? ""), "utf8")).toBe(first);
});

test.each([
  ["is not there", undefined, "cannot read the secret file klas.txt: "],
  ["is empty", "\n", "the secret file klas.txt is empty"],
])("a secret file that %s ends it before anything is written", async (_, content, problem) => {
  const cwd = emptyFolder();
  if (content !== undefined) writeFileSync(join(cwd, "klas.txt"), content);
  const { stderr, exitCode } = await runProgram(["init", "--secret-file", "klas.txt"], { cwd });
  expect(stderr).toContain(problem);
  expect(exitCode).toBe(2);
  expect(existsSync(join(cwd, "config.toml"))).toBe(false);
});

test.each([...builtIns.keys()])(
  "what it writes for %s is a valid configuration of that source",
  async (source) => {
    const folder = emptyFolder();
    expect((await runProgram(["init", "--source", source], { cwd: folder })).exitCode).toBe(0);
    const { stdout, exitCode } = await runProgram(["check"], { cwd: folder });
    expect(stdout).toContain(`source "players" (${source}) is configured well, and in use`);
    // Whether it can be asked is another matter: a core is somewhere else.
    expect(exitCode).not.toBe(2);
  },
);

test.each([...builtIns.keys()])(
  "what to do next fits a terminal of 80 columns, and a shell: %s",
  async (source) => {
    const cwd = emptyFolder();
    const folder = "it's / ours";
    const { stdout } = await runProgram(["init", folder, "--source", source], { cwd });
    expect(stdout).toContain(`wrote ${folder}/config.toml\n`);
    const next = stdout.slice(stdout.indexOf("\nNext:"));
    expect(next.split("\n").filter((line) => line.length > 80)).toEqual([]);
    const change = /^ {2}(cd .*)$/m.exec(next)?.[1] ?? "";
    const { stdout: there } = Bun.spawnSync(["sh", "-c", `${change} && pwd`], { cwd });
    expect(there.toString()).toBe(`${join(cwd, folder)}\n`);
  },
);

test.each([
  [["init", ""], 2, "Expected the name of a folder."],
  [["init", "file"], 1, "error: cannot write to file: it is not a folder\n"],
  [["init", "file/below"], 1, "error: cannot write to file/below: a part of its path is not a directory\n"],
  [
    ["init", "--port", "9464"],
    2,
    "error: --port and --admin-port are the same: the two listeners need different ones\n",
  ],
] as const)("%j is refused", async (words, status, problem) => {
  const cwd = emptyFolder();
  writeFileSync(join(cwd, "file"), "");
  const { stderr, exitCode } = await runProgram(words, { cwd });
  expect(stderr).toContain(problem);
  expect(exitCode).toBe(status);
  expect(readdirSync(cwd)).toEqual(["file"]);
});
