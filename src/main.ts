import { Command, CommanderError, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { callCommand } from "./commands/call.ts";
import { certifyCommand } from "./commands/certify.ts";
import { checkCommand } from "./commands/check.ts";
import { explainCommand } from "./commands/explain.ts";
import { initCommand } from "./commands/init.ts";
import { playersCommand } from "./commands/players.ts";
import { pluginsCommand } from "./commands/plugins.ts";
import { serveCommand } from "./commands/serve.ts";
import { signCommand } from "./commands/sign.ts";
import { runWorker } from "./server/worker.ts";
import { WORKER_COMMAND } from "./server/worker-process.ts";
import { ConfigError } from "./config/problem.ts";
import { Failure } from "./failure.ts";
import { endProcess, isProcessProtected } from "./source/process.ts";
import { versionText } from "./version.ts";

const program = new Command("klas-balance")
  .description("Answers Klas Gaming's signed balance calls from wherever your balances live.")
  .version(versionText, "-V, --version")
  .exitOverride();

const commands = [
  initCommand(),
  serveCommand(),
  checkCommand(),
  signCommand(),
  explainCommand(),
  callCommand(),
  certifyCommand(),
  playersCommand(),
  pluginsCommand(),
];
for (const command of commands) {
  program.addCommand(command);
  inherit(program, command);
}
// What `server.workers` starts; it speaks with its parent alone.
program.command(WORKER_COMMAND, { hidden: true }).action(runWorker);

/** Makes a command that was built elsewhere follow the program: its error output, and no exit of its own. */
function inherit(parent: CommandUnknownOpts, command: CommandUnknownOpts): void {
  command.copyInheritedSettings(parent);
  for (const subcommand of command.commands) inherit(command, subcommand);
}

try {
  await program.parseAsync();
} catch (error) {
  const exitStatus = report(error);
  // Whatever is open by now must not keep the process.
  endProcess(exitStatus);
}
if (isProcessProtected()) {
  // What is done is done; a timer or socket that an operator's plugin left behind would keep the process.
  await new Promise((resolve) => process.stdout.write("", resolve));
  endProcess();
}

/** Exit status 0 done, 1 it failed, 2 wrong usage or configuration (spec 4). Only a bug shows its stack. */
function report(error: unknown): number {
  // commander has printed its message; it ends a wrong use with 1, and `command.error` with what it was given.
  if (error instanceof CommanderError) {
    return error.exitCode === 1 && error.code !== "commander.error" ? 2 : error.exitCode;
  }
  if (error instanceof Failure) {
    process.stderr.write(`${error instanceof ConfigError ? "" : "error: "}${error.message}\n`);
    return error.exitStatus;
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
