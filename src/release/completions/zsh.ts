import { type CommandNode, everyCommand } from "../command-tree.ts";
import { commandSteps, valueFlags } from "./shell-patterns.ts";

/** Completion for zsh, with what each word does. What has no words of its own is completed with files. */
export function zshCompletion(program: CommandNode): string {
  const commands = everyCommand(program);
  return `#compdef klas-balance
local at="" word
local -a commands options
for word in "\${(@)words[2,CURRENT-1]}"; do
  case "$at $word" in
    ${commandSteps(program)}) at="\${at:+$at }$word" ;;
  esac
done
case "$at:\${words[CURRENT-1]}" in
${commands.flatMap(choices).join("")}  ${valueFlags(program).join(" | ")}) _files; return ;;
esac
case "$at" in
${commands.map(words).join("")}esac
if [[ $PREFIX == -* ]]; then
  _describe -o option options
elif (( $#commands )); then
  _describe command commands
else
  _files
fi
`;
}

function choices({ path, options }: CommandNode): string[] {
  return options
    .filter((option) => option.choices.length > 0)
    .map(({ flags, choices: values }) => {
      const pattern = flags.map((flag) => `"${path.join(" ")}:${flag}"`).join(" | ");
      return `  ${pattern}) compadd -- ${values.join(" ")}; return ;;\n`;
    });
}

function words({ path, subcommands, options }: CommandNode): string {
  const commands = subcommands.map((subcommand) =>
    quoted(`${subcommand.path.at(-1)}:${subcommand.description}`),
  );
  const flags = options.flatMap((option) =>
    option.flags.map((flag) => quoted(`${flag}:${option.description}`)),
  );
  return `  "${path.join(" ")}")
    commands=(${commands.join(" ")})
    options=(${flags.join(" ")}) ;;\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
