import { describe, expect, test } from "bun:test";
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

describe.each(commands.map((command) => [["klas-balance", ...command.path].join(" "), command] as const))(
  "%s --help",
  (_line, { path }) => {
    test("has an example of it that could be run", async () => {
      const { stdout } = await runProgram([...path, "--help"]);
      const examples = stdout.slice(stdout.search(/^Examples?:$/m)).match(/^ {2}klas-balance .*$/gm) ?? [];
      expect(
        examples.filter((example) => example.trim().startsWith(["klas-balance", ...path].join(" "))),
      ).not.toBeEmpty();
      expect(examples.flatMap((example) => misuse(example.split(/ {2,}(?=\S)/)[1] ?? ""))).toEqual([]);
    });
  },
);
