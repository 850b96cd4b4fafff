import type { Log } from "../observe/log.ts";

/** Nobody expects what is thrown while a request is answered: it is a bug, and told to the log alone. */
export function reportBug(log: Log, error: unknown): void {
  log.error("a bug: please report it", {
    stack: error instanceof Error ? String(error.stack) : String(error),
  });
}

/**
 * What a listener does if a handler throws past everything else. Without it the runtime would answer a page for
 * developers, which shows the message, the stack and our source, or a text of its own.
 */
export function answeringBugs(log: () => Log) {
  return {
    development: false,
    error(error: unknown): Response {
      try {
        reportBug(log(), error);
      } catch {
        // The log may be what failed.
      }
      return new Response(null, { status: 500 });
    },
  };
}
