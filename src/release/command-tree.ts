import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** A command as its `--help` shows it. */
export interface CommandNode {
  /** The words that lead to it, without the program's name: `["players", "set"]`; empty for the program. */
  readonly path: readonly string[];
  /** `klas-balance players set [options] <player> <amount> <currency>` */
  readonly usage: string;
  readonly description: string;
  readonly arguments: readonly Term[];
  readonly options: readonly OptionNode[];
  readonly subcommands: readonly CommandNode[];
}

export interface Term {
  readonly term: string;
  readonly description: string;
}

export interface OptionNode extends Term {
  /** `-V`, `--version` */
  readonly flags: readonly string[];
  readonly takesValue: boolean;
  /** The only values it takes; empty if there is no such list. */
  readonly choices: readonly string[];
}

/** What commander knows of a program, in the words of its help. */
export function commandTree(command: CommandUnknownOpts, parents: readonly string[] = []): CommandNode {
  const help = command.createHelp();
  const path = command.parent === null ? [] : [...parents, command.name()];
  return {
    path,
    usage: help.commandUsage(command),
    description: help.commandDescription(command),
    arguments: help.visibleArguments(command).map((argument) => ({
      term: help.argumentTerm(argument),
      description: help.argumentDescription(argument),
    })),
    options: help.visibleOptions(command).map((option) => ({
      term: help.optionTerm(option),
      description: help.optionDescription(option),
      flags: [option.short, option.long].filter((flag) => flag !== undefined),
      takesValue: option.required || option.optional,
      choices: option.argChoices ?? [],
    })),
    // `players help` and its like, which commander adds, say what --help says.
    subcommands: help
      .visibleCommands(command)
      .filter((subcommand) => path.length === 0 || subcommand.name() !== "help")
      .map((subcommand) => commandTree(subcommand, path)),
  };
}

/** The node and all below it, from the top down. */
export function everyCommand(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.subcommands.flatMap(everyCommand)];
}
