import { CommanderError } from "@commander-js/extra-typings";
import { ConfigError } from "./config/problem.ts";
import { leaveEnvironmentBehind } from "./environment.ts";
import { Failure } from "./failure.ts";
import { endProcess, isProcessProtected } from "./host-process.ts";
import { nearMiss } from "./near-miss.ts";
import { program } from "./program.ts";

/** How commander calls a command line that probably meant another one. */
const MISSES = new Set(["commander.unknownCommand", "commander.unknownOption", "commander.excessArguments"]);

leaveEnvironmentBehind();
try {
  await program().parseAsync();
} catch (error) {
  const exitStatus = report(error);
  // Whatever is still open must not keep the process alive.
  endProcess(exitStatus);
}
if (isProcessProtected()) {
  // The work is done. A timer or socket that an operator's plugin left behind would keep the process alive.
  await new Promise((resolve) => process.stdout.write("", resolve));
  endProcess();
}

/** Exit status 0 done, 1 it failed, 2 wrong usage or configuration (spec 4). Only a bug shows its stack. */
function report(error: unknown): number {
  // commander has printed its message; it ends a wrong use with 1, and `command.error` with what it was given.
  if (error instanceof CommanderError) {
    const meant = MISSES.has(error.code) ? nearMiss(process.argv.slice(2), program()) : undefined;
    if (meant !== undefined) process.stderr.write(`Try: ${meant}\n`);
    return error.exitCode === 1 && error.code !== "commander.error" ? 2 : error.exitCode;
  }
  if (error instanceof Failure) {
    process.stderr.write(`${error instanceof ConfigError ? "" : "error: "}${error.message}\n`);
    return error.exitStatus;
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
