import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runProgram } from "./commands/run-program.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const file = join(folder, "config.toml");
writeFileSync(file, "[server]\nprot = 8080\n");

test.each([
  ["its folder", folder, "config.toml"],
  ["the folder above", dirname(folder), file.slice(dirname(folder).length + 1)],
  ["a folder beside it", import.meta.dir, file],
  // Where a service runs: "tmp/config.toml" would look like a file of some other folder.
  ["the root", "/", file],
])("from %s a message names the file so that it is found", async (_, cwd, shown) => {
  const { stdout } = await runProgram(["check", "--config", file], { cwd });
  expect(stdout).toContain(` ${shown}: server.prot: unknown key`);
});
