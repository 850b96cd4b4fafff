import { Database } from "bun:sqlite";
import { rmSync, statSync } from "node:fs";
import { isBusy, MayPass, untilFree } from "./busy.ts";

/** How long the connections to a file that is being closed have to finish reading from its log. */
const EMPTYING_MS = 250;

/** How long a command waits for them. It has no event loop to hold up. */
const COMMAND_EMPTYING_MS = 1000;

/**
 * Moves the log (`-wal`) into the database that this connection has open, wherever that is by now. A log with
 * something in it is a danger: SQLite would replay it into whatever file is at the path when it is next opened. If
 * that is impossible, because others read from it or nothing may be written, it is left as it is.
 */
export async function emptyLog(keeper: Database): Promise<void> {
  await untilFree(() => moveLog(keeper), AbortSignal.timeout(EMPTYING_MS)).catch(() => {});
}

/** The same at the end of a command. */
export function emptyLogOfCommand(database: Database): void {
  try {
    database.run(`PRAGMA busy_timeout = ${COMMAND_EMPTYING_MS}`);
    moveLog(database);
  } catch {
    // What was written is safe in the log, and the one that reads it now moves it later.
  }
}

function moveLog(database: Database): void {
  const row = database.prepare<{ busy: bigint | number }, []>("PRAGMA wal_checkpoint(TRUNCATE)").get();
  // SQLite reports in a column here what it reports by an error elsewhere.
  if (Number(row?.busy) !== 0) throw new MayPass("the log is in use");
}

/**
 * Removes an empty log and its index (`-shm`) from beside a database that nobody has open. A read-only connection
 * leaves them; or they belong to another file that lay here before and is still open, and its index would tell
 * SQLite a wrong number of pages. That nobody has the file open is proved by its exclusive lock, held meanwhile.
 * Returns whether somebody has it open: then nothing was removed.
 */
export function removeUnusedIndex(file: string): boolean {
  if (sizeOf(`${file}-shm`) === undefined || (sizeOf(`${file}-wal`) ?? 0) > 0) return false;
  try {
    using database = new Database(file, { readwrite: true });
    database.run("PRAGMA locking_mode = EXCLUSIVE");
    database.run("SELECT 1 FROM sqlite_schema");
    rmSync(`${file}-shm`, { force: true });
    return false;
  } catch (error) {
    // Anything else will be reported by whatever opens the file next.
    return isBusy(error);
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}
