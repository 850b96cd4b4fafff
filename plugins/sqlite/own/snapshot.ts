import type { Database } from "bun:sqlite";

/** A read transaction that several reads share. */
export interface Snapshot {
  /** Begins one, unless there is one; it ends by itself with the turn of the event loop. */
  begin(): void;
  end(): void;
}

/**
 * One read transaction for all reads of one turn of the event loop: locking and unlocking the file takes longer
 * than the read itself. The calls that a turn answers had arrived before it, so none of them can know of a
 * change that was committed since. A transaction that lasted longer would also keep the log from being emptied.
 */
export function turnSnapshot(database: Database): Snapshot {
  const beginning = database.prepare("BEGIN");
  const ending = database.prepare("COMMIT");
  const abandoning = database.prepare("ROLLBACK");
  let ends: NodeJS.Immediate | undefined;

  function end(): void {
    if (ends === undefined) return;
    clearImmediate(ends);
    ends = undefined;
    // After some errors SQLite has ended it by itself.
    if (!database.inTransaction) return;
    try {
      ending.run();
    } catch {
      // The read of a damaged page has failed already, and been answered; that is repeated here.
      if (database.inTransaction) abandoning.run();
    }
  }

  return {
    begin() {
      if (ends !== undefined) return;
      beginning.run();
      ends = setImmediate(end);
    },
    end,
  };
}
