import type { SQL } from "bun";

/**
 * How long a transaction may stand still between two statements. Then the server ends it and its connection, so that an
 * instance that hangs, or whose machine does, holds up the others for no longer.
 */
const STALLED_MS = 2000;

/** How long each wait for a lock of what a `players` command does may take. */
export const COMMAND_LOCK_MS = 10_000;

/** Bounds each wait of a transaction for a lock. A pooler takes such a limit only within the transaction. */
export function waitingAtMost(lockMs: number): string {
  return `SET LOCAL lock_timeout = ${lockMs}`;
}

/** A transaction that stalls, on either side, is ended by the server from now on. */
export const ENDED_IF_STALLED = `SET LOCAL idle_in_transaction_session_timeout = ${STALLED_MS}`;

/**
 * A transaction that the server itself limits, even when we no longer can. Each statement sees what was committed before
 * it, whatever the database's default is.
 */
export async function limited<Result>(
  session: SQL,
  lockMs: number,
  use: (transaction: SQL) => Promise<Result>,
): Promise<Result> {
  return await session.begin("ISOLATION LEVEL READ COMMITTED", async (transaction) => {
    await transaction.unsafe(`${waitingAtMost(lockMs)}; ${ENDED_IF_STALLED}`).simple();
    return await use(transaction);
  });
}
