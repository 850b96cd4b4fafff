import { readFileSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";

const STDIN = 0;

/** The bytes of `[FILE|-]`: a file's or, for `-` or nothing, those of standard input. */
export function readBody(command: CommandUnknownOpts, file = "-"): Uint8Array {
  try {
    return readFileSync(file === "-" ? STDIN : file);
  } catch (error) {
    return command.error(`error: cannot read the body: ${String(error)}`, { exitCode: 2 });
  }
}
