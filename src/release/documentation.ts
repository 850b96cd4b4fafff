import { topics } from "../help/topics.ts";
import { program } from "../program.ts";
import { commandTree } from "./command-tree.ts";
import { bashCompletion } from "./completions/bash.ts";
import { fishCompletion } from "./completions/fish.ts";
import { zshCompletion } from "./completions/zsh.ts";
import { manual } from "./manual.ts";
import { topicPage } from "./topic-page.ts";

/** The manual pages and the shells' completions, from the commands' own definitions and the pages of `help`. */
export interface Documentation {
  readonly manual: string;
  /** The pages of the topics, by file name: `klas-balance-rotation.7`. */
  readonly topics: ReadonlyMap<string, string>;
  readonly bash: string;
  readonly zsh: string;
  readonly fish: string;
}

/** `releasedOn` is shown in the manual: `2026-01-31`. */
export function documentation(version: string, releasedOn: string): Documentation {
  const tree = commandTree(program());
  const edition = { version, date: releasedOn };
  return {
    manual: manual(tree, edition),
    topics: new Map(topics.map((topic) => [`klas-balance-${topic.name}.7`, topicPage(topic, edition)])),
    bash: bashCompletion(tree),
    zsh: zshCompletion(tree),
    fish: fishCompletion(tree),
  };
}
