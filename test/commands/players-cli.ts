/** The players commands as a program of their own, on the database that DATABASE names. */
import { playersCommand } from "../../src/commands/players.ts";

try {
  await playersCommand(() => Promise.resolve(process.env["DATABASE"] ?? "")).parseAsync();
} catch (error) {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
