import { describe, expect, test } from "bun:test";
import { Command } from "@commander-js/extra-typings";
import { commandTree, everyCommand } from "../../src/release/command-tree.ts";
import { documentation } from "../../src/release/documentation.ts";
import { manual } from "../../src/release/manual.ts";
import { topics } from "../../src/help/topics.ts";
import { topicPage } from "../../src/release/topic-page.ts";
import { builtIns } from "../../src/source/built-in.ts";
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

test("every topic has a page of its own, which klas-balance(1) refers to", () => {
  expect([...texts.topics.keys()]).toEqual(topics.map(({ name }) => `klas-balance-${name}.7`));
  for (const { name, title } of topics) {
    expect(texts.topics.get(`klas-balance-${name}.7`)).toContain(title);
    expect(texts.manual).toContain(String.raw`.BR klas\-balance\-${name} (7)`);
  }
});

test("the page of a topic says what its Markdown says", () => {
  const text = [
    "# On dots",
    "",
    ".SH is no heading, \\fB no bold, `--as-it-is` code, and this line is long enough to be broken into two of them.",
    "",
    "| key | default | meaning |",
    "| --- | --- | --- |",
    "| `a_b` | `1` | the first |",
    "",
    "## More",
    "",
    "1. Do:",
    "",
    "```sh",
    ".run --this \\",
    "```",
    "",
  ].join("\n");
  const page = topicPage({ name: "dots", title: "On dots", text }, { version: "1", date: "2026-01-31" });
  expect(page).toContain(String.raw`.SH DESCRIPTION
\&.SH is no heading, \efB no bold, \fB\-\-as\-it\-is\fR code,
and this line is long enough`);
  expect(page).toContain(String.raw`.TP
\fBa_b\fR
default: \fB1\fR
.br
meaning: the first
.SH More
.IP 1. 4
Do:
.PP
.RS 4
.EX
\&.run \-\-this \e
.EE
.RE
`);
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
