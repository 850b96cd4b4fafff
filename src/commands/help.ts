import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { didYouMean } from "../../plugins/shared/near-name.ts";
import { showText } from "../help/pager.ts";
import { renderMarkdown } from "../help/render.ts";
import { sectionsAbout } from "../help/search.ts";
import { topics } from "../help/topics.ts";
import { isColoured } from "./paint.ts";

/** `help [TOPIC]`: the manual that is in the program. */
export function helpCommand() {
  return new Command("help")
    .description(
      "shows the manual: the list of topics, a topic, the help of a command, or where a word occurs",
    )
    .argument("[topic...]", "a topic, a command such as players import, or words to look for")
    .addHelpText("after", "\nExamples:\n  klas-balance help rotation\n  klas-balance help ERR_TIMEOUT")
    .action(async (words, _options, command) => {
      const root: CommandUnknownOpts = command.parent ?? command;
      const text = words.length === 0 ? listing(root) : (pageOf(words, root) ?? finds(words));
      const asked = words.join(" ");
      const which = asked.includes(" ") ? "these words" : "this word";
      const problem = `there is no topic ${JSON.stringify(asked)}${didYouMean(asked, known(root))}, and no page has ${which}`;
      await showText(
        text ?? command.error(`error: ${problem}; "klas-balance help" lists the topics`, { exitCode: 2 }),
      );
    });
}

/** A topic and, if a command has its name, that command's help below it. */
function pageOf(words: readonly string[], root: CommandUnknownOpts): string | undefined {
  const [name, ...rest] = words;
  const topic = rest.length === 0 ? topics.find((candidate) => candidate.name === name) : undefined;
  const command = words.reduce<CommandUnknownOpts | undefined>(
    (parent, word) => (parent === undefined ? undefined : subcommands(parent).find((c) => c.name() === word)),
    root,
  );
  const parts = [
    ...(topic === undefined ? [] : [renderMarkdown(topic.text, isColoured())]),
    ...(command === undefined ? [] : [helpOf(command)]),
  ];
  return parts.length === 0 ? undefined : parts.join("\n");
}

/** What its `--help` prints, examples included. */
function helpOf(command: CommandUnknownOpts): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

function subcommands(command: CommandUnknownOpts): readonly CommandUnknownOpts[] {
  return command.createHelp().visibleCommands(command);
}

function listing(root: CommandUnknownOpts): string {
  const commands = subcommands(root).map((command) => command.name());
  return [
    "The manual of klas-balance. Read a topic with: klas-balance help TOPIC",
    "",
    ...lined(topics.map(({ name, title }) => [name, title])),
    "",
    "Where a word occurs: klas-balance help WORD",
    "The options of a command: klas-balance help COMMAND, such as players import",
    "",
    wrapped(commands),
    "",
  ].join("\n");
}

/** Where in the manual these words occur, if they do. */
function finds(words: readonly string[]): string | undefined {
  const sections = sectionsAbout(words);
  if (sections.length === 0) return undefined;
  const lines = lined(sections.map(({ topic, heading }) => [topic, heading]));
  return [`No topic has the name ${JSON.stringify(words.join(" "))}. It is in:`, "", ...lines, ""].join("\n");
}

/** In two columns. */
function lined(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`);
}

function wrapped(words: readonly string[]): string {
  return words
    .join(" ")
    .replace(/(.{1,76})(?: |$)/g, "  $1\n")
    .trimEnd();
}

function known(root: CommandUnknownOpts): readonly string[] {
  return [...topics.map(({ name }) => name), ...subcommands(root).map((command) => command.name())];
}
