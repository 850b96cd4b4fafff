import { Database } from "bun:sqlite";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import type { OpenContext } from "../../../src/plugin.ts";
import { untilFreeToOpen } from "../file/busy.ts";
import { removeOldIndex } from "../file/identity.ts";
import { assertPlace, explained } from "../file/failure.ts";
import { emptyLog, removeUnusedIndex } from "../file/log-file.ts";
import { assertNotMountedAlone } from "../file/mount.ts";
import { bringUpToDate, isUpToDate, tryToUseLog, useLog } from "./migrate.ts";
import { ownReads } from "./reader.ts";
import type { DatabaseReader, DatabaseKind } from "../file/source.ts";

/** Balances are nobody else's business. SQLite gives the log and its index the database's mode. */
const FILE_MODE = 0o600;

const READONLY = { readonly: true } as const;

const EXACT = { strict: true, safeIntegers: true } as const;

/**
 * Opens klas-balance's own database to write, makes it if there is none, and migrates it.
 * Throws one line that says what to do. The caller closes it.
 */
export async function openToWrite(file: string): Promise<Database> {
  assertPlace(file, { mustExist: false });
  assertNotMountedAlone(file);
  makeEmpty(file);
  removeUnusedIndex(file);
  const database = await connect(file, { readwrite: true }, (opened) => {
    // This is money: a commit is on the disk before anyone hears of it. It is SQLite's default, too.
    opened.run("PRAGMA synchronous = FULL");
    bringUpToDate(opened, file);
  });
  await useLog(database);
  return database;
}

/** Opens klas-balance's own database to read: it is neither made nor migrated. Throws as `openToWrite` does. */
export async function openToRead(file: string): Promise<Database> {
  assertPlace(file, { mustExist: true });
  assertNotMountedAlone(file);
  removeUnusedIndex(file);
  return await connect(file, READONLY, (database) => assertUpToDate(database, file));
}

function assertUpToDate(database: Database, file: string): void {
  if (isUpToDate(database, file)) return;
  throw new Error(`${file} holds no players table of this version: start \`serve\` to have it made`);
}

/** Lookups over a connection that can be replaced by another one, and the end of whichever it is by then. */
export type OwnReads = Pick<DatabaseReader, "read" | "renew" | "usesLog"> & { close(): void };

/** Opens as `openToRead` does, for lookups. */
export async function openReads(file: string, exponentOf: OpenContext["exponentOf"]): Promise<OwnReads> {
  let database = await openToRead(file);
  let read = ownReads(database, file, exponentOf);
  return {
    read: (query) => read(query),
    renew() {
      // In this order: if the new one cannot be opened, because of a lock for example, the old one is still there.
      const next = new Database(file, { ...READONLY, ...EXACT });
      try {
        assertUpToDate(next, file);
        read = ownReads(next, file, exponentOf);
      } catch (error) {
        next.close(true);
        throw error;
      }
      database.close(true);
      database = next;
    },
    usesLog() {
      return (
        database.prepare<{ journal_mode: string }, []>("PRAGMA journal_mode").get()?.journal_mode === "wal"
      );
    },
    close: () => database.close(true),
  };
}

/** Closes what `openToRead` opened, and removes what SQLite leaves if nobody else has the file open. */
export function closeRead(database: Database, file: string): void {
  database.close(true);
  removeUnusedIndex(file);
}

/** Opens the file, which must exist, and prepares the connection once no other lock is in the way. */
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
    // Somebody else was faster, or it is impossible: SQLite will say so.
  }
}

/** As it was just made, or as a full disk has left it. */
function isEmpty(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.size === 0 && !existsSync(`${file}-wal`);
}

/** klas-balance's own database as a kind of source. */
export function ownDatabaseKind(context: OwnContext): DatabaseKind {
  return {
    async open(file) {
      assertPlace(file, { mustExist: false });
      makeEmpty(file);
      if (isEmpty(file)) context.log.warn(`made ${file}: it holds no players yet`);
      // Open for longer than it is used: the last connection would remove the log that the reader is about to open.
      using _database = await openToWrite(file);
      return await openReader(file, context);
    },
    async reopen(known, current) {
      const file = current.path;
      const isInUse = removeUnusedIndex(file);
      if (known.file !== current.file) removeOldIndex(file, known, { isInUse });
      return await openReader(file, context);
    },
  };
}

type OwnContext = Pick<OpenContext, "log" | "exponentOf">;

/**
 * For lookups. Read-only, so that none can change anything; beside it the keeper, which is bound to the same file as
 * the reader, wherever that is moved: at the end it writes the log back into the database.
 */
async function openReader(file: string, { log, exponentOf }: OwnContext): Promise<DatabaseReader> {
  const keeper = await openKeeper(file);
  try {
    let hasLog = await useLog(keeper);
    if (!hasLog) log.warn(withoutLog(file));
    const reads = await openReads(file, exponentOf);
    return {
      read: reads.read,
      // Not the keeper: it keeps no page that a lookup reads, and the last connection to close writes the log back.
      renew() {
        reads.renew();
        // A backup has no log. The keeper, which has one, would keep every writer out.
        if (hasLog && !reads.usesLog()) throw new Error(`${file} was copied over by a file without a log`);
      },
      usesLog: () => true,
      tend() {
        if (hasLog || !tryToUseLog(keeper)) return;
        hasLog = true;
        log.info(`${file} is in WAL mode now`);
      },
      async close({ leavesLog } = { leavesLog: false }) {
        // The last connection to close writes the log back and removes it, and the reader can do neither.
        if (leavesLog) keeper.close(true);
        else await emptyLog(keeper);
        reads.close();
        keeper.close(true);
      },
    };
  } catch (error) {
    keeper.close(true);
    throw error;
  }
}

function withoutLog(file: string): string {
  return (
    `${file} is not in WAL mode and cannot be put into it now (another program uses it, this user may not write it, ` +
    "or its file system does not allow it): until then calls wait for other writers"
  );
}

/** Reads once, because only then SQLite opens the log. If nothing may be written, it is one more reader. */
async function openKeeper(file: string): Promise<Database> {
  return await connect(file, { readwrite: true }, (database) => database.run("SELECT 1 FROM sqlite_schema"));
}
