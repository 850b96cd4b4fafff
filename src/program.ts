import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { callCommand } from "./commands/call.ts";
import { certifyCommand } from "./commands/certify.ts";
import { checkCommand } from "./commands/check.ts";
import { configCommand } from "./commands/config.ts";
import { explainCommand } from "./commands/explain.ts";
import { helpCommand } from "./commands/help.ts";
import { initCommand } from "./commands/init.ts";
import { playersCommand } from "./commands/players.ts";
import { pluginsCommand } from "./commands/plugins.ts";
import { serveCommand } from "./commands/serve.ts";
import { signCommand } from "./commands/sign.ts";
import { statusCommand } from "./commands/status.ts";
import { systemdCommand } from "./commands/systemd.ts";
import { tailCommand } from "./commands/tail.ts";
import { nearMiss } from "./near-miss.ts";
import { print } from "./standard-output.ts";
import { runWorker } from "./workers/worker.ts";
import { WORKER_COMMAND } from "./workers/child.ts";
import { versionText } from "./version.ts";

/** Descriptions are wrapped even in a narrow column: a terminal would break their lines within words. */
const MIN_WIDTH_TO_WRAP = 20;

/** The command line as a whole. Making it runs nothing, so the manual and the completions are made from it too. */
export function program(): Command {
  const root = new Command("klas-balance")
    .configureHelp({ minWidthToWrap: MIN_WIDTH_TO_WRAP })
    .description("Answers Klas Gaming's signed balance calls from wherever your balances live.")
    .version(versionText, "-V, --version")
    .helpCommand(false)
    .addHelpText(
      "after",
      '\nExample:\n  klas-balance init\n\nThe manual is in the program: see "klas-balance help".',
    )
    .configureOutput({
      writeOut: print,
      outputError: (text, write) => write(inOneForm(withoutRival(text, root))),
    })
    .exitOverride();
  const commands = [
    initCommand(),
    serveCommand(),
    checkCommand(),
    statusCommand(),
    tailCommand(),
    signCommand(),
    explainCommand(),
    callCommand(),
    certifyCommand(),
    playersCommand(),
    pluginsCommand(),
    configCommand(),
    systemdCommand(),
    helpCommand(),
  ];
  for (const command of commands) {
    root.addCommand(command);
    inherit(root, command);
  }
  // What `server.workers` starts. It speaks only with its parent.
  root.command(WORKER_COMMAND, { hidden: true }).action(runWorker);
  return root;
}

/** Two suggestions would be one too many: if `nearMiss` knows what was meant, commander's own guess is dropped. */
function withoutRival(text: string, root: Command): string {
  if (!text.startsWith("error: unknown command") || nearMiss(process.argv.slice(2), root) === undefined)
    return text;
  return text.replace(/^\(Did you mean .*\)\n/m, "");
}

/** commander has two forms for a value that is not accepted. */
function inOneForm(text: string): string {
  return text
    .replace(
      /^error: command-argument value '([^]*?)' is invalid for argument '([^']*)'/,
      "error: argument '<$2>': '$1' is invalid",
    )
    .replace(/^error: option '([^']*)' argument '([^]*?)' is invalid/, "error: option '$1': '$2' is invalid");
}

/** Makes a command that was built elsewhere follow the program: its error output, and no exit of its own. */
function inherit(parent: CommandUnknownOpts, command: CommandUnknownOpts): void {
  command.copyInheritedSettings(parent);
  for (const subcommand of command.commands) inherit(command, subcommand);
}
