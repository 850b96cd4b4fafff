import { type CommandNode, everyCommand } from "../command-tree.ts";

/** `" init" | "players set"`: where one is and the next word, as patterns of a shell's `case`. */
export function commandSteps(program: CommandNode): string {
  return everyCommand(program)
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `"${path.slice(0, -1).join(" ")} ${path.at(-1)}"`)
    .join(" | ");
}

/** `*:--config`: a word after one of these is its value, as patterns of a shell's `case`; each once. */
export function valueFlags(program: CommandNode): readonly string[] {
  const flags = everyCommand(program)
    .flatMap(({ options }) => options)
    .filter(({ takesValue }) => takesValue)
    .flatMap((option) => option.flags);
  return [...new Set(flags)].map((flag) => `*:${flag}`);
}
