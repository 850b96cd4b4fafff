import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

test("what to do next names the folder as it was given", async () => {
  const folder = join(temporaryFolder(), "from/here");
  mkdirSync(folder, { recursive: true });
  const there = join(folder, "../../klas");
  const { stdout, exitCode } = await runProgram(["init", there], { cwd: folder });
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`\nNext:\n  cd ${there}\n  klas-balance serve `);
  const { stdout: here } = await runProgram(["init", "--source", "rest"], { cwd: folder });
  expect(here).toContain("\nNext:\n  edit config.toml ");
});
