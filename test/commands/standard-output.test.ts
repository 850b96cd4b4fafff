import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "../../src/program.ts";
import { commandTree, everyCommand } from "../../src/release/command-tree.ts";
import { binary } from "../binary.ts";
import { freePort } from "../engines/free-port.ts";
import { run, serve, type ServerProcess } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const folder = temporaryFolder();
let server: ServerProcess;
let url = "";

beforeAll(async () => {
  const admin = `[admin]\nport = ${freePort()}\n`;
  const source = '[sources.players]\nplugin = "sqlite"\nfile = "balances.db"\n';
  await run(["init", "."], { cwd: folder });
  writeFileSync(join(folder, "body.json"), "{}");
  writeFileSync(join(folder, "few.csv"), "player_id,currency,balance\n7,EUR,30\n");
  server = await serve(folder, `[webhook]\nsecrets = ["${SECRET}"]\n${source}${admin}`);
  url = `http://127.0.0.1:${server.port}`;
  const told = await run(["call", "12001", "--url", url, "--secret", SECRET], { cwd: folder });
  expect(told.exitCode).toBe(0);
});

afterAll(async () => {
  server.signal("SIGTERM");
  await server.exited;
});

const SECRET = "a-secret-of-24-characters";
const UNSIGNED = ["--signature", "0".repeat(64)];

let made = 0;
/** A name that no command has made yet. */
const another = () => `made-${(made += 1)}`;

/** What each command needs to print something. `serve` is not among them: a server goes on (see the end-to-end tests). */
const RUNS: Readonly<Record<string, () => readonly string[]>> = {
  init: () => [another()],
  check: () => [],
  status: () => [],
  tail: () => [],
  sign: () => ["body.json"],
  explain: () => ["body.json", ...UNSIGNED],
  call: () => ["12001", "--url", url],
  certify: () => ["--url", url, "--player", "12001", "--secret", SECRET, "--samples", "0"],
  "players list": () => [],
  "players get": () => ["12001"],
  "players set": () => ["12001", "30", "EUR"],
  "players remove": () => ["7"],
  "players import": () => ["few.csv"],
  "players export": () => [],
  "plugins list": () => [],
  "plugins new": () => [another()],
  "plugins test": () => ["sqlite", "--player", "12001"],
  "config example": () => [],
  "config show": () => [],
  systemd: () => [],
  help: () => [],
};

const cases: readonly (readonly [string, () => readonly string[]])[] = [
  ...Object.entries(RUNS).map(
    ([command, more]) => [command, () => [...command.split(" "), ...more()]] as const,
  ),
  ...["check", "status", "tail", "sign", "call", "certify", "players list", "plugins list"].map((command) => {
    const whole = () => [...command.split(" "), ...(RUNS[command]?.() ?? []), "--json"];
    return [`${command} --json`, whole] as const;
  }),
  ...["--help", "--version", "players --help", "check --help", "help protocol", "help players import"].map(
    (words) => [words, () => words.split(" ")] as const,
  ),
];

/** How a command ends, and what it says about it, if its standard output goes to what a shell opened as number 3. */
async function runInto(opened: string, command: readonly string[]) {
  if (command.includes("remove")) await run(["players", "set", "7", "30", "EUR"], { cwd: folder });
  // The secret stands in an option or, for those that have none, in the configuration.
  const script = `${opened}\n"$@" >&3`;
  const child = Bun.spawn(["bash", "-c", script, "bash", binary(), ...command], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "", LC_ALL: "C", KLAS_SECRET: SECRET },
    stdout: "ignore",
    stderr: "pipe",
  });
  const stderr = await child.stderr.text();
  return { exitCode: await child.exited, stderr };
}

const READER_LEFT = "exec 3> >(:); wait $!";
const FULL_DISK = "exec 3> /dev/full";

describe("a standard output that takes nothing", () => {
  test("is tried with every command", () => {
    const all = everyCommand(commandTree(program()));
    const printing = all.filter(({ subcommands, path }) => subcommands.length === 0 && path[0] !== "serve");
    expect(Object.keys(RUNS).toSorted()).toEqual(printing.map(({ path }) => path.join(" ")).toSorted());
  });

  test.each(cases)(
    "because its reader has left ends %s as SIGPIPE would, without a word",
    async (_, command) => {
      expect(await runInto(READER_LEFT, command())).toEqual({ exitCode: 141, stderr: "" });
    },
  );

  test.each(cases)("because the disk is full ends %s with 1 and one line", async (_, command) => {
    expect(await runInto(FULL_DISK, command())).toEqual({
      exitCode: 1,
      stderr: "error: cannot write to standard output: the disk is full\n",
    });
  });
});

test("what was printed long ago is not kept: tail may run for months", async () => {
  const script = `
    import { print, printed } from ${JSON.stringify(join(import.meta.dir, "../../src/standard-output.ts"))};
    const used = [];
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 200_000; index += 1) {
        print("a line\\n");
        if (index % 50 === 0) await printed();
      }
      await printed();
      Bun.gc(true);
      used.push(process.memoryUsage().heapUsed);
    }
    process.stderr.write(String(used[1] - used[0]));`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "ignore", stderr: "pipe" });
  // It was 10 MB.
  expect(Number(await child.stderr.text())).toBeLessThan(2_000_000);
});
