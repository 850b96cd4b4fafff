import { type CommandNode, everyCommand } from "../command-tree.ts";
import { commandSteps, valueFlags } from "./shell-patterns.ts";

/** Completion for bash. What has no words of its own is completed with files. */
export function bashCompletion(program: CommandNode): string {
  const commands = everyCommand(program);
  return `# bash completion for klas-balance
_klas_balance() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} at="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${commandSteps(program)}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at:$previous" in
${commands.flatMap(choices).join("")}    ${valueFlags(program).join(" | ")}) return ;;
  esac
  case "$at" in
${commands.map(words).join("")}  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _klas_balance klas-balance
`;
}

function choices({ path, options }: CommandNode): string[] {
  return options
    .filter((option) => option.choices.length > 0)
    .map(({ flags, choices: values }) => {
      const pattern = flags.map((flag) => `"${path.join(" ")}:${flag}"`).join(" | ");
      return `    ${pattern}) mapfile -t COMPREPLY < <(compgen -W "${values.join(" ")}" -- "$current"); return ;;\n`;
    });
}

function words({ path, subcommands, options }: CommandNode): string {
  const names = subcommands.map((subcommand) => subcommand.path.at(-1));
  const flags = options.flatMap((option) => option.flags);
  return `    "${path.join(" ")}") words="${[...names, ...flags].join(" ")}" ;;\n`;
}
