import { write } from "node:fs";
import { describeFileError, fileErrorCode } from "./file-error.ts";
import { endProcess } from "./host-process.ts";

/** 128 plus the number of SIGPIPE: what a shell shows for any tool whose reader has left (`| head`). */
const READER_LEFT_STATUS = 141;
const STANDARD_OUTPUT = 1;

let allWritten = Promise.resolve();

/**
 * Writes what a command has to say to standard output; no command writes there in another way. If nobody takes it, the
 * process ends: quietly if the reader has left, else with one line that says why.
 */
export function print(text: string): void {
  const { promise, resolve } = Promise.withResolvers<void>();
  process.stdout.write(text, (error) => {
    if (error) endUnwritten(error);
    resolve();
  });
  const before = allWritten;
  allWritten = promise.then(() => before);
}

/** Resolves as soon as all that was printed is written. The process may end then, and a long text go on. */
export async function printed(): Promise<void> {
  await allWritten;
}

/** Writes what a server has to say besides its log. A server goes on if nobody takes it. */
export function printFromServer(text: string): void {
  write(STANDARD_OUTPUT, text, () => {});
}

function endUnwritten(error: Error): never {
  if (fileErrorCode(error) === "EPIPE") return endProcess(READER_LEFT_STATUS);
  process.stderr.write(`error: cannot write to standard output: ${describeFileError(error)}\n`);
  return endProcess(1);
}
