import { type CommandNode, everyCommand, type OptionNode } from "../command-tree.ts";

/** Completion for fish, with what each word does. */
export function fishCompletion(program: CommandNode): string {
  const commands = everyCommand(program);
  return `# fish completion for klas-balance
function __klas_balance_at
    set -l at
    for word in (commandline -opc)[2..]
        switch "$at $word"
            case ${commands.flatMap(step).join(" ")}
                set at (string trim -- "$at $word")
        end
    end
    test "$at" = "$argv"
end
${commands.flatMap(completions).join("")}`;
}

function step({ path }: CommandNode): string[] {
  return path.length === 0 ? [] : [quoted(`${path.slice(0, -1).join(" ")} ${path.at(-1)}`)];
}

function completions({ path, subcommands, options }: CommandNode): string[] {
  const start = `complete -c klas-balance -n ${quoted(["__klas_balance_at", ...path].join(" "))}`;
  return [
    ...subcommands.map(
      (subcommand) => `${start} -f -a ${subcommand.path.at(-1)} -d ${quoted(subcommand.description)}\n`,
    ),
    ...options.map((option) => `${start} ${optionArguments(option)} -d ${quoted(option.description)}\n`),
  ];
}

function optionArguments({ flags, takesValue, choices }: OptionNode): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  if (choices.length > 0) return `${names.join(" ")} -x -a ${quoted(choices.join(" "))}`;
  return names.join(" ") + (takesValue ? " -r" : "");
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
