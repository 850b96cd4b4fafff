/** How often a locked database is tried again. */
const RETRY_EVERY_MS = 5;

/** How long to wait for what may pass. */
const PASSING_MS = 500;

/** How long opening a database waits for another program's lock. */
const OPEN_WAIT_MS = 2000;

/**
 * Tries until no other connection's lock is in the way; once `signal` has aborted, throws the SQLITE_BUSY of
 * the last attempt. SQLite's own `busy_timeout` would wait as well, but with the whole event loop.
 */
export async function untilFree<Result>(attempt: () => Result, signal: AbortSignal): Promise<Result> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || signal.aborted) throw error;
      if (error instanceof MayPass && performance.now() - startedMs >= PASSING_MS) throw error;
    }
    await Bun.sleep(RETRY_EVERY_MS);
  }
}

/** The same for opening, which is not bound by the deadline of a lookup. */
export function untilFreeToOpen<Result>(attempt: () => Result): Promise<Result> {
  return untilFree(attempt, AbortSignal.timeout(OPEN_WAIT_MS));
}

/** An obstacle to a read that may pass by itself, as a lock does, but soon: it is not waited for as long. */
export class MayPass extends Error {}

/** Whether another connection's lock, or the like, was in the way, so that the same may succeed a little later. */
export function isBusy(error: unknown): boolean {
  if (error instanceof MayPass) return true;
  const code = sqliteCode(error);
  return code !== undefined && /^SQLITE_(BUSY|LOCKED)/.test(code);
}

/** The name of SQLite's result code, even if drizzle has wrapped the error. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string" && error.code.startsWith("SQLITE_"))
    return error.code;
  return sqliteCode(error.cause);
}
