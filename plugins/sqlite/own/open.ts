import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import type { OpenContext } from "../../../src/plugin.ts";
import { untilFreeToOpen } from "../file/busy.ts";
import { removeOldIndex } from "../file/identity.ts";
import { assertPlace, explained } from "../file/failure.ts";
import { emptyLog, removeUnusedIndex } from "../file/log-file.ts";
import { bringUpToDate, isUpToDate } from "./migrate.ts";
import { ownReader } from "./reader.ts";
import type { Reader, ReaderKind } from "../file/source.ts";

/** Balances are nobody else's business. SQLite gives the log and its index the database's mode. */
const FILE_MODE = 0o600;

const EXACT = { strict: true, safeIntegers: true } as const;

/**
 * Opens klas-balance's own database to write, makes it where there is none and migrates it.
 * Throws one line that says what to do. The caller closes it.
 */
export async function openToWrite(file: string): Promise<Database> {
  assertPlace(file, { mustExist: false });
  makeEmpty(file);
  removeUnusedIndex(file);
  return await connect(file, { readwrite: true }, (database) => {
    // These are figures of money: a commit is on the disk before anyone hears of it. SQLite's default, too.
    database.run("PRAGMA synchronous = FULL");
    bringUpToDate(database, file);
  });
}

/** Opens klas-balance's own database to read: it is neither made nor migrated. Throws as `openToWrite` does. */
export async function openToRead(file: string): Promise<Database> {
  assertPlace(file, { mustExist: true });
  removeUnusedIndex(file);
  return await connect(file, { readonly: true }, (database) => {
    if (!isUpToDate(database, file)) {
      throw new Error(`${file} holds no players table of this version: start \`serve\` to have it made`);
    }
  });
}

/** Closes what `openToRead` opened, and removes what SQLite leaves where nobody else has the file open. */
export function closeRead(database: Database, file: string): void {
  database.close(true);
  removeUnusedIndex(file);
}

/** Opens the file, which must be there, and prepares the connection once no other's lock is in the way. */
export async function connect(
  file: string,
  mode: { readonly readwrite: true } | { readonly readonly: true },
  prepare: (database: Database) => void,
): Promise<Database> {
  let database: Database | undefined;
  try {
    const opened = new Database(file, { ...mode, ...EXACT });
    database = opened;
    await untilFreeToOpen(() => prepare(opened));
    return opened;
  } catch (error) {
    database?.close(true);
    throw explained(error, file);
  }
}

function makeEmpty(file: string): void {
  if (existsSync(file)) return;
  try {
    closeSync(openSync(file, "wx", FILE_MODE));
  } catch {
    // Somebody else was faster, or it cannot be: SQLite will say so.
  }
}

/** As it was just made, or as a disk that was full has left it. */
function isEmpty(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.size === 0 && !existsSync(`${file}-wal`);
}

/** klas-balance's own database as a kind of source. */
export function ownDatabase(
  file: string,
  { log, exponentOf }: Pick<OpenContext, "log" | "exponentOf">,
): ReaderKind {
  return {
    async open() {
      assertPlace(file, { mustExist: false });
      makeEmpty(file);
      if (isEmpty(file)) log.warn(`made ${file}: it holds no players yet`);
      // Open for longer than it is used: the last connection would remove the log that the reader is about to open.
      using _database = await openToWrite(file);
      return await openReader(file, exponentOf);
    },
    async reopen(known, current) {
      const isInUse = removeUnusedIndex(file);
      if (known.file !== current.file) removeOldIndex(file, known, { isInUse });
      return await openReader(file, exponentOf);
    },
  };
}

/**
 * For lookups. Read-only, so that none can change anything; beside it the keeper, which is bound to the same file
 * as the reader, wherever that is moved: at the end it brings the log home.
 */
async function openReader(file: string, exponentOf: OpenContext["exponentOf"]): Promise<Reader> {
  const keeper = await openKeeper(file);
  try {
    const database = await openToRead(file);
    return ownReader(database, file, exponentOf, async () => {
      await emptyLog(keeper);
      database.close(true);
      keeper.close(true);
    });
  } catch (error) {
    keeper.close(true);
    throw error;
  }
}

/** Reads once, because only then SQLite opens the log. Where nothing may be written it is one more reader. */
async function openKeeper(file: string): Promise<Database> {
  return await connect(file, { readwrite: true }, (database) => database.run("SELECT 1 FROM sqlite_schema"));
}
