import { Failure } from "../failure.ts";

/** The longest text of a plugin's error that is passed on. */
const MAX_CHARACTERS = 300;

/**
 * The message of whatever was thrown, which need not be an `Error` and may throw when it is read. One of ours is
 * passed on whole: of a configuration, every problem.
 */
export function messageOf(error: unknown): string {
  try {
    if (error instanceof Failure) return error.message;
    return (error instanceof Error ? error.message : String(error)).slice(0, MAX_CHARACTERS) || "no message";
  } catch {
    return "it threw something that cannot be read";
  }
}

/** What a source said when its signal aborted, beyond the abort itself: how far it had got, for example. */
export function saidAtAbort(error: unknown): string | undefined {
  try {
    if (!(error instanceof Error) || error.name === "AbortError" || error.name === "TimeoutError")
      return undefined;
    return messageOf(error);
  } catch {
    return undefined;
  }
}
