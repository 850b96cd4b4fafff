import { CommanderError } from "@commander-js/extra-typings";
import { ConfigError } from "./config/problem.ts";
import { leaveEnvironmentBehind } from "./environment.ts";
import { Failure } from "./failure.ts";
import { endProcess, isProcessProtected } from "./host-process.ts";
import { nearMiss } from "./near-miss.ts";
import { program } from "./program.ts";
import { printed } from "./standard-output.ts";

/** How commander calls a command line that probably meant another one. */
const MISSES = new Set(["commander.unknownCommand", "commander.unknownOption", "commander.excessArguments"]);

leaveEnvironmentBehind();
let failedWith: number | undefined;
try {
  await program().parseAsync();
} catch (error) {
  failedWith = report(error);
}
await printed();
// What a failure left open, or an operator's plugin, such as a timer or a socket, must not keep the process alive.
if (failedWith !== undefined || isProcessProtected()) endProcess(failedWith);

/** Exit status 0 done, 1 it failed, 2 wrong usage or configuration (spec 4). Only a bug shows its stack. */
function report(error: unknown): number {
  // commander has printed its message; it ends a wrong use with 1, and `command.error` with what it was given.
  if (error instanceof CommanderError) {
    const meant = MISSES.has(error.code) ? nearMiss(process.argv.slice(2), program()) : undefined;
    if (meant !== undefined) process.stderr.write(`Try: ${meant}\n`);
    return error.exitCode === 1 && error.code !== "commander.error" ? 2 : error.exitCode;
  }
  if (error instanceof Failure) {
    // Each line about a configuration is a problem of its own.
    const problems = error instanceof ConfigError ? error.message.split("\n") : [error.message];
    process.stderr.write(problems.map((problem) => `error: ${problem}\n`).join(""));
    return error.exitStatus;
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
