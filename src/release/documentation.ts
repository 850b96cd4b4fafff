import { program } from "../program.ts";
import { commandTree } from "./command-tree.ts";
import { bashCompletion } from "./completions/bash.ts";
import { fishCompletion } from "./completions/fish.ts";
import { zshCompletion } from "./completions/zsh.ts";
import { manual } from "./manual.ts";

/** The manual page and the shells' completions, all from the commands' own definitions. */
export interface Documentation {
  readonly manual: string;
  readonly bash: string;
  readonly zsh: string;
  readonly fish: string;
}

/** `releasedOn` is shown in the manual: `2026-01-31`. */
export function documentation(version: string, releasedOn: string): Documentation {
  const tree = commandTree(program());
  return {
    manual: manual(tree, { version, date: releasedOn }),
    bash: bashCompletion(tree),
    zsh: zshCompletion(tree),
    fish: fishCompletion(tree),
  };
}
