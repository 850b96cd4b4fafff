import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { topics } from "../../src/help/topics.ts";
import { type CommandNode, commandTree, everyCommand } from "../../src/release/command-tree.ts";
import { program } from "../../src/program.ts";
import { runProgram } from "../commands/run-program.ts";

const commands = everyCommand(commandTree(program()));

/** The command that a line begins with, and the options on that line that it does not have. */
function misuse(line: string): readonly string[] {
  const words = line.trim().split(/\s+/);
  let node: CommandNode | undefined = commands[0];
  let next = 1;
  for (; node !== undefined && next < words.length; next += 1) {
    const below: CommandNode | undefined = node.subcommands.find(({ path }) => path.at(-1) === words[next]);
    if (below === undefined) break;
    node = below;
  }
  if (
    node === undefined ||
    (node.subcommands.length > 0 && words.length > next && !words[next]?.startsWith("-"))
  ) {
    return [`${line}: no such command`];
  }
  const known = new Set(node.options.flatMap(({ flags }) => flags));
  return words.filter((word) => word.startsWith("-") && word !== "-" && !known.has(word));
}

/** The options that a text names as code. */
function flagsIn(text: string): readonly string[] {
  return Array.from(text.matchAll(/`(--[a-z-]+)/g), ([, flag = ""]) => flag);
}

describe("help commands", () => {
  const page = topics.find(({ name }) => name === "commands")?.text ?? "";
  const [general = "", ...sections] = page.split(/^## /m);
  const everywhere = new Set(flagsIn(general));

  test("has every command of the program, and no other", () => {
    const headings = sections.map((section) => /^`(.+)`/.exec(section)?.[1] ?? "");
    const top = commands.filter(({ path }) => path.length === 1).map(({ path }) => path.join(" "));
    expect(headings.toSorted()).toEqual(top.toSorted());
    const below = commands.filter(({ path }) => path.length > 1).map(({ path }) => path.join(" "));
    expect(below.filter((command) => !page.includes(`\`${command}\``))).toEqual([]);
  });

  test.each(sections.map((section) => [/^`(.+)`/.exec(section)?.[1] ?? "", section] as const))(
    "has the options of %s, and no other",
    (name, section) => {
      const options = commands
        .filter(({ path }) => path[0] === name)
        .flatMap(({ options: own }) => own.map(({ flags }) => flags.at(-1) ?? ""));
      const own = options.filter((flag) => !everywhere.has(flag));
      const shown = flagsIn(section).filter((flag) => !everywhere.has(flag));
      expect([...new Set(shown)].toSorted()).toEqual([...new Set(own)].toSorted());
    },
  );

  test("has the options that many commands share, and they do", () => {
    const options = new Set(
      commands.flatMap(({ options: own }) => own.map(({ flags }) => flags.at(-1) ?? "")),
    );
    expect([...everywhere].filter((flag) => !options.has(flag))).toEqual([]);
  });
});

/** The lines of a page's code that run the program, continued lines joined. */
function commandLines(markdown: string): readonly string[] {
  const code = Array.from(markdown.matchAll(/^```[a-z]*\n(.*?)^```$/gms), ([, block = ""]) => block).join("");
  const inline = Array.from(markdown.matchAll(/`(klas-balance [^`\n]+)`/g), ([, line = ""]) => line);
  const lines = code.replaceAll(/\\\n\s*/g, " ").split("\n");
  return [...lines.filter((line) => line.startsWith("klas-balance ")), ...inline];
}

test.each([
  ...topics.map(({ name, text }) => [`help ${name}`, text] as const),
  ["the README", readFileSync(join(import.meta.dir, "../../README.md"), "utf8")] as const,
])("the commands that %s shows could be run", (_where, text) => {
  const lines = commandLines(text).map((line) => line.replace(/\s+[#>].*$/, ""));
  expect(lines.filter((line) => !/^klas-balance (COMMAND|help)\b/.test(line)).flatMap(misuse)).toEqual([]);
});

test("every command says what it does in one voice", () => {
  const below = commands.filter(({ path }) => path.length > 0);
  expect(below.map(({ description }) => description).filter((text) => !/^[a-z]+s /.test(text))).toEqual([]);
});

describe.each(commands.map((command) => [["klas-balance", ...command.path].join(" "), command] as const))(
  "%s --help",
  (_line, { path }) => {
    test("has an example of it that could be run", async () => {
      const { stdout } = await runProgram([...path, "--help"]);
      const shown = stdout.slice(stdout.search(/^Examples?:$/m)).replaceAll(/\\\n\s*/g, "");
      const examples = shown.match(/^ {2}klas-balance .*$/gm) ?? [];
      expect(
        examples.filter((example) => example.trim().startsWith(["klas-balance", ...path].join(" "))),
      ).not.toBeEmpty();
      expect(examples.flatMap((example) => misuse(example.split(/ {2,}(?=\S)/)[1] ?? ""))).toEqual([]);
    });

    test("fits a terminal of 80 columns", async () => {
      const { stdout } = await runProgram([...path, "--help"]);
      expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    });
  },
);
