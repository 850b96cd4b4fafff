import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { sqliteCode } from "./busy.ts";

const EXPLANATIONS: readonly (readonly [code: RegExp, explain: (file: string) => string])[] = [
  [
    /^SQLITE_(BUSY|LOCKED)/,
    (file) => `${file} is locked by another program: let it end its transaction, then try again`,
  ],
  [
    /^SQLITE_NOTADB/,
    (file) => `${file} is not an SQLite database: name another file, or move it out of the way`,
  ],
  [
    /^SQLITE_CORRUPT/,
    (file) => `${file} is damaged: restore a backup, or save what is readable with sqlite3's .recover`,
  ],
  [
    /^SQLITE_(READONLY|PERM|AUTH)/,
    (file) => `${file} cannot be written: give this user write permission on it and on ${dirname(file)}`,
  ],
  [
    /^SQLITE_CANTOPEN/,
    (file) =>
      isDiskFull(dirname(file))
        ? `${file} cannot be opened: the disk is full, and there is no space for ${file}-wal`
        : `${file} cannot be opened: check the permissions of the file, of ${dirname(file)} and of ${file}-wal`,
  ],
  [/^SQLITE_FULL/, (file) => `${file} cannot be written: the disk is full`],
  [
    /^SQLITE_IOERR/,
    (file) =>
      isDiskFull(dirname(file))
        ? `${file} cannot be used: the disk is full, and there is no space for ${file}-shm`
        : `${file} cannot be read or written: check the disk that it is on`,
  ],
];

/**
 * The space that SQLite needs beside a database to read it. If it is missing, SQLite reports the same as for a broken
 * disk.
 */
const INDEX_BYTES = 32_768;

function isDiskFull(folder: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    // Some file systems have no fixed number of files, and say 0.
    return bavail * bsize < INDEX_BYTES || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}

/** An error of SQLite as one line that says what to do; any other error as it is. */
export function explained(error: unknown, file: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  for (const [pattern, explain] of EXPLANATIONS) {
    if (pattern.test(code)) return new Error(explain(file), { cause: error });
  }
  return new Error(`${file}: ${rootMessage(error)}`, { cause: error });
}

function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : rootMessage(error.cause);
}

/** Throws if there can be no such file. SQLite would only say "unable to open". */
export function assertPlace(file: string, { mustExist }: { readonly mustExist: boolean }): void {
  const entry = statSync(file, { throwIfNoEntry: false });
  if (entry?.isFile() === true) return;
  if (entry !== undefined) throw new Error(`${file} is not a file: correct the path`);
  const folder = dirname(file);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new Error(`${file}: there is no folder ${folder}: make it, or correct the path`);
  }
  if (mustExist) throw new Error(`${file}: there is no such file: correct the path`);
}
