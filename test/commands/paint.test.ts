import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";

const folder = mkdtempSync(join(tmpdir(), "paint-"));
afterAll(() => rmSync(folder, { recursive: true }));

const config = join(folder, "config.toml");
writeFileSync(
  config,
  '[webhook]\nsecrets = ["a secret for this test alone"]\n[sources.players]\nplugin = "static"\nplayers = { "12001" = "30" }\n',
);

// What is not a terminal gets no escape codes, also on a build server that sets FORCE_COLOR.
test.each([
  ["check", { FORCE_COLOR: "1" }],
  ["check", { FORCE_COLOR: "3", NO_COLOR: "1" }],
  ["plugins test static", { FORCE_COLOR: "1" }],
])("%s with %p prints no colour into a pipe", async (command, environment) => {
  const { stdout } = await runProgram(
    [...command.split(" "), "--config", config, ...(command === "check" ? [] : ["--player", "12001"])],
    { environment },
  );
  expect(stdout).toMatch(/^ok /m);
  expect(stdout).not.toContain("\u001b");
});
