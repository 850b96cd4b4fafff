import { describe, expect, test } from "bun:test";
import { Command } from "@commander-js/extra-typings";
import { commandTree, everyCommand } from "../../src/release/command-tree.ts";
import { documentation } from "../../src/release/documentation.ts";
import { manual } from "../../src/release/manual.ts";
import { builtIns } from "../../src/source/registry.ts";
import { program } from "../../src/program.ts";

const texts = documentation("1.2.3", "2026-01-31");
const commands = everyCommand(commandTree(program()));

describe("every command and option is", () => {
  test.each(commands.map((command) => [`klas-balance ${command.path.join(" ")}`, command] as const))(
    "in the manual and the completions: %s",
    (_, { path, options }) => {
      if (path.length > 0) expect(texts.manual).toContain(`\n.SS ${path.join(" ")}\n`);
      for (const { term, flags } of options) {
        expect(texts.manual).toContain(`\n.B ${term.replaceAll("-", String.raw`\-`)}\n`);
        expect(texts.bash).toMatch(new RegExp(`"${path.join(" ")}"\\) words="[^"]*${flags.at(-1)}`));
        for (const flag of flags) expect(texts.zsh).toContain(`'${flag}:`);
      }
      const at = `'${["__klas_balance_at", ...path].join(" ")}'`;
      expect(texts.fish.split("\n").filter((line) => line.includes(at))).not.toBeEmpty();
    },
  );
});

test("what the program starts for itself alone is in none of them", () => {
  expect(Object.values(texts).join("\n")).not.toMatch(/\.SS worker|" worker"/);
});

test("text in a manual means itself", () => {
  const hostile = new Command("hostile").description(String.raw`.SH in front, \fBback\fR, 'quoted'`);
  const page = manual(commandTree(new Command("klas-balance").addCommand(hostile)), {
    version: "1",
    date: "2026-01-31",
  });
  expect(page).toContain(String.raw`\&.SH in front, \efBback\efR, 'quoted'.`);
});

test.each([
  [["pla"], ["players"]],
  [
    ["players", ""],
    ["list", "get", "set", "remove", "import", "export", "-h", "--help"],
  ],
  [["init", "--source", ""], [...builtIns.keys()]],
  [["players", "import", "--d"], ["--dry-run"]],
  [["serve", "--config", ""], []],
])("bash completes %j", async (words, expected) => {
  const script = `${texts.bash}
COMP_WORDS=(klas-balance "$@") COMP_CWORD=$#
_klas_balance
for reply in "\${COMPREPLY[@]}"; do echo "$reply"; done`;
  const bash = Bun.spawn(["bash", "-c", script, "bash", ...words], { stdout: "pipe" });
  expect((await bash.stdout.text()).split("\n").filter((line) => line !== "")).toEqual(expected);
});
