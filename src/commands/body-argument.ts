import { readFileSync } from "node:fs";
import { describeFileError } from "../file-error.ts";
import { Failure } from "../failure.ts";

const STDIN = 0;

/**
 * The exact bytes of `[FILE|-]`: a file's or, for `-` or nothing, those of standard input. Throws a `Failure`
 * of status 2, because with `explain` status 1 says that the signature does not fit.
 */
export function readBody(file = "-"): Uint8Array {
  try {
    return readFileSync(file === "-" ? STDIN : file);
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${describeFileError(error)}`, 2);
  }
}
