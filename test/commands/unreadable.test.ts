import { expect, test } from "bun:test";
import { join } from "node:path";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

const folder = temporaryFolder();
const nowhere = join(folder, "nowhere");
const SECRET = ["--secret", "a-secret-of-some-length"];
const CALL = ["12001", "--url", "http://127.0.0.1:1"];

await Bun.write(
  join(folder, "config.toml"),
  '[webhook]\nsecrets = ["a-secret-of-some-length"]\n[sources.players]\nplugin = "sqlite"\nfile = "balances.db"\n',
);

test("an empty name of a configuration is none, and not this folder", async () => {
  const { exitCode, stderr } = await runProgram(["serve", "--config", ""], { cwd: folder });
  expect([exitCode, stderr]).toEqual([
    2,
    "error: option '--config <file>' argument '' is invalid. Expected the name of a file.\n",
  ]);
});

test.each([
  ["sign", [...SECRET]],
  ["explain", [...SECRET, "--signature", "0".repeat(64)]],
  ["players import", []],
  ["init --secret-file", []],
  ["sign --secret-file", []],
  ["call --secret-file", CALL],
  ["check --config", []],
  ["serve --config", []],
] as const)("%s: a file that cannot be read is a wrong use", async (words, more) => {
  const { exitCode, stdout, stderr } = await runProgram([...words.split(" "), nowhere, ...more], {
    cwd: folder,
  });
  expect(stdout + stderr).toContain("nowhere: ");
  expect(stdout + stderr).toContain("there is no such file");
  expect(exitCode).toBe(2);
});
