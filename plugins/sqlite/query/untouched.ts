import { constants, Database } from "bun:sqlite";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { MayPass } from "../file/busy.ts";
import { assertNotMountedAlone } from "../file/mount.ts";

/** Bytes 18 and 19 of a database are 2 if it uses a write-ahead log (sqlite.org/fileformat2.html). */
const JOURNAL_BYTES = { offset: 18, length: 2, writeAheadLog: 2 };

/** Two writes closer than a file system's clock ticks leave the same time; after this long they cannot. */
const SETTLED_AFTER_MS = 2000;

/** A read-only connection to a database that is not ours. */
export interface UntouchedConnection {
  readonly database: Database;
  /** Whether it reads what is in a write-ahead log, if there is one. */
  readonly usesLog: boolean;
  /** Whether what was read just now can be believed. If not: connect again. */
  isValid(): boolean;
  /** Whether the connection can be used for another read. */
  isReusable(): boolean;
}

/**
 * Connects so that nothing is ever written beside the file. An ordinary read-only connection would make
 * `-wal` and `-shm` beside a database with a write-ahead log that nobody has open, and leave them there.
 * Without a `-wal` the file alone is the whole content: it is read as immutable, and since SQLite then sees
 * neither locks nor changes, the caller asks `isValid` after each read and `isReusable` before the next.
 */
export function connectUntouched(file: string): UntouchedConnection {
  assertReadableLog(file);
  const seen = stampOf(file);
  // The log is looked for first: to open and close a file drops the locks that this process has on it (POSIX),
  // and while a connection of ours needs its lock there is a log.
  if (seen === undefined || !usesWriteAheadLog(file)) {
    const database = connect(file, "readonly_shm=1");
    return { database, usesLog: true, isValid: always, isReusable: always };
  }
  assertNotMountedAlone(file);
  const settled = seen.writtenMs < Date.now() - SETTLED_AFTER_MS;
  const isValid = (): boolean => stampOf(file)?.content === seen.content;
  return {
    database: connect(file, "immutable=1"),
    usesLog: false,
    isValid,
    isReusable: () => settled && isValid(),
  };
}

function always(): boolean {
  return true;
}

function connect(file: string, parameter: string): Database {
  const flags = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI;
  return new Database(`${pathToFileURL(file).href}?${parameter}`, flags);
}

/**
 * Throws if there is a log with content but no index, which only somebody who may write can make: the file was copied
 * with its log, or a crash left it so. While a program opens or closes the database, this is so for a moment.
 */
function assertReadableLog(file: string): void {
  if ((sizeOf(`${file}-wal`) ?? 0) === 0 || sizeOf(`${file}-shm`) !== undefined) return;
  throw new MayPass(
    `${file} has a log (${file}-wal) without its index (${file}-shm), as a copy has: open it once with the program ` +
      `that writes to it, or with sqlite3 ${file} "PRAGMA wal_checkpoint(TRUNCATE)"; make copies by sqlite3's .backup`,
  );
}

/** An empty log without an index is nobody's, and holds nothing. */
function hasLog(file: string): boolean {
  const sizeBytes = sizeOf(`${file}-wal`);
  return sizeBytes !== undefined && (sizeBytes > 0 || sizeOf(`${file}-shm`) !== undefined);
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/** Tells one content of a file from another; `undefined` if a log holds changes of it. */
function stampOf(file: string): { readonly content: string; readonly writtenMs: number } | undefined {
  if (hasLog(file)) return undefined;
  const { ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = statSync(file, { bigint: true });
  return {
    // A copy may keep the time of the modification, but nobody can set the time of the change.
    content: `${ino}:${size}:${mtimeNs}:${ctimeNs}`,
    writtenMs: Math.max(Number(mtimeMs), Number(ctimeMs)),
  };
}

function usesWriteAheadLog(file: string): boolean {
  const bytes = new Uint8Array(JOURNAL_BYTES.length);
  const descriptor = openSync(file, "r");
  try {
    readSync(descriptor, bytes, 0, bytes.length, JOURNAL_BYTES.offset);
  } finally {
    closeSync(descriptor);
  }
  return bytes.every((byte) => byte === JOURNAL_BYTES.writeAheadLog);
}
