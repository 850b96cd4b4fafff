import { existsSync } from "node:fs";
import { dirname, relative } from "node:path";
import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { configPath } from "../config/load.ts";
import { ConfigError, formatProblem, type Problem } from "../config/problem.ts";
import { Failure } from "../failure.ts";
import { canonicalAmount } from "../protocol/amount.ts";
import type { Subject } from "../source/conformance.ts";
import { findPlugin } from "../source/find-plugin.ts";
import { shownPath } from "../shown-path.ts";
import { print } from "../standard-output.ts";
import { configOption, parseId, readConfig } from "./arguments.ts";
import { paint } from "./paint.ts";
import { listPlugins, listText } from "./plugins/list.ts";
import { newPlugin } from "./plugins/new.ts";
import { sourceOf, testPlugin, type ContractResult } from "./plugins/test.ts";

/** Whom `init` and `plugins new` make. */
const DEMO_PLAYER = "12001";

/** How long a lookup may take if no configuration says so. */
const DEFAULT_TIMEOUT_MS = 1000;

/** `plugins …` (spec 4): what is available, a starting point, and the contract's own tests. */
export function pluginsCommand() {
  return new Command("plugins")
    .description("lists the sources, starts one of your own, and tests it")
    .addHelpText("after", "\nExample:\n  klas-balance plugins new acme")
    .addCommand(listCommand())
    .addCommand(newCommand())
    .addCommand(testCommand());
}

function listCommand() {
  return new Command("list")
    .description("prints each built-in and each file in plugins/ beside the configuration, with its options")
    .addOption(configOption())
    .option("--json", "print an array of {name, file, options}")
    .addHelpText("after", "\nExample:\n  klas-balance plugins list")
    .action(async ({ config, json }) => {
      const listed = await listPlugins(folderOf(config));
      print(json ? `${JSON.stringify(listed, null, 2)}\n` : listText(listed));
    });
}

function newCommand() {
  return new Command("new")
    .description("writes plugins/NAME.ts, which works at once, and plugins/klas-balance.d.ts for your editor")
    .argument("<name>", "what the configuration will call it: plugin = NAME")
    .addOption(configOption())
    .option("--force", "overwrite the plugin")
    .addHelpText("after", "\nExample:\n  klas-balance plugins new acme")
    .action(async (name, { config, force = false }) => {
      const written = await newPlugin(name, folderOf(config), force);
      print(nextSteps(name, written));
    });
}

function testCommand() {
  return new Command("test")
    .description(
      "runs the contract's cases against a plugin, with the options of a source in the configuration",
    )
    .argument("<name>", "the plugin, as a configuration names it")
    .option("--player <id>", "a player that the source knows", parseId, DEMO_PLAYER)
    .option("--balance <amount>", "that player's balance; without it, any will do")
    .option("--source <name>", "the [sources.NAME] table whose options are used")
    .addOption(configOption())
    .option("--json", "print an array of {case, expects, passed, problem}")
    .addHelpText("after", "\nExample:\n  klas-balance plugins test acme --player 12001 --balance 30")
    .action(async (name, { json, ...options }, command) => {
      const subject = await subjectOf(name, options, command);
      const results: ContractResult[] = [];
      for await (const result of testPlugin(subject)) {
        results.push(result);
        if (!json) print(resultText(result));
      }
      const failed = results.filter(({ passed }) => !passed).length;
      print(
        json
          ? `${JSON.stringify(results, null, 2)}\n`
          : `\n${results.length - failed} passed, ${failed} failed\n`,
      );
      if (failed === 0) return;
      process.exitCode = 1;
      if (subject.hasOptions) return;
      process.stderr.write(
        `tested without options: they come from a [sources.NAME] table with plugin = "${name}"\n`,
      );
    });
}

interface TestOptions {
  readonly player: string;
  readonly balance?: string | undefined;
  readonly source?: string | undefined;
  readonly config?: string | undefined;
}

/** A plugin that no source is configured with, or that has no configuration yet, is tested without options. */
async function subjectOf(
  name: string,
  options: TestOptions,
  command: CommandUnknownOpts,
): Promise<Subject & { readonly hasOptions: boolean }> {
  const { balance, player: knownPlayer } = options;
  if (balance !== undefined && canonicalAmount(balance) === undefined) {
    command.error("error: --balance is not a decimal, such as 30.50", { exitCode: 2 });
  }
  const directory = folderOf(options.config);
  const found = await findPlugin(name, directory);
  if (!found.valid) throw new Failure(found.problem, 2);
  const file = configPath(options.config, process.env);
  const config = existsSync(file) ? await readConfig(options) : undefined;
  const source = config === undefined ? undefined : sourceOf(config, name, options.source);
  // Every case would fail with it.
  const bound = await found.plugin.bind(source?.options ?? {});
  if (!bound.valid) throw optionsFailure(file, name, source?.name, bound.problems);
  return {
    plugin: found.plugin,
    options: source?.options ?? {},
    hasOptions: source !== undefined,
    directory,
    timeoutMs: config?.webhook.timeout_ms ?? DEFAULT_TIMEOUT_MS,
    knownPlayer,
    balance,
  };
}

function optionsFailure(
  file: string,
  plugin: string,
  source: string | undefined,
  problems: readonly Problem[],
): Failure {
  const table = source ?? "NAME";
  const located = problems.map(({ path, message }) => ({ path: ["sources", table, ...path], message }));
  if (source !== undefined) return new ConfigError({ file }, located);
  const lines = located.map((problem) => formatProblem(shownPath(file), problem));
  return new Failure(
    `${plugin} needs options, and there is no source with plugin = "${plugin}":\n${lines.join("\n")}`,
    2,
  );
}

function folderOf(config: string | undefined): string {
  return dirname(configPath(config, process.env));
}

function resultText({ case: name, expects, problem }: ContractResult): string {
  const mark = problem === undefined ? paint("green", "ok    ") : paint("red", "failed");
  return `${mark} ${name}: ${expects}\n${problem === undefined ? "" : `       ${problem}\n`}`;
}

function nextSteps(name: string, written: readonly string[]): string {
  const lines = [
    ...written.map((file) => `wrote ${relative("", file)}`),
    "",
    "Next:",
    `  klas-balance plugins test ${name} --player 12001    it works as it is: then make it ask your core`,
    `  put plugin = "${name}" into a [sources.…] table of the configuration`,
    "  npm install --no-save valibot    so that your editor knows valibot's types",
    "  klas-balance check               opens it with your configuration",
  ];
  return `${lines.join("\n")}\n`;
}
