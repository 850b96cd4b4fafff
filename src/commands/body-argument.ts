import { readFile } from "node:fs/promises";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { describeFileError } from "../config/interpolate.ts";

/** The exact bytes of a file, or of standard input for `-`. An unreadable file ends the command with status 1. */
export async function readBodyArgument(command: CommandUnknownOpts, file: string): Promise<Uint8Array> {
  if (file === "-") return Bun.stdin.bytes();
  try {
    return await readFile(file);
  } catch (error) {
    return command.error(`error: cannot read ${file}: ${describeFileError(error)}`, { exitCode: 1 });
  }
}
