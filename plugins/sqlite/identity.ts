import { rmSync, statSync } from "node:fs";

/** Which file lies at a path, and which write-ahead log (`-wal`) and index of the log (`-shm`) beside it. */
export interface FileIdentity {
  readonly file: string;
  readonly sizeBytes: bigint;
  /** Of a log that holds something; an empty one belongs to nobody. */
  readonly log: string | undefined;
  readonly logIndex: string | undefined;
}

/** `undefined` where there is no file. */
export function identify(file: string): FileIdentity | undefined {
  const entry = statOf(file);
  if (entry === undefined) return undefined;
  const log = statOf(`${file}-wal`);
  return {
    file: entry.inode,
    sizeBytes: entry.sizeBytes,
    log: log?.sizeBytes === 0n ? undefined : log?.inode,
    logIndex: statOf(`${file}-shm`)?.inode,
  };
}

function statOf(path: string): { readonly inode: string; readonly sizeBytes: bigint } | undefined {
  const entry = statSync(path, { bigint: true, throwIfNoEntry: false });
  return entry === undefined ? undefined : { inode: `${entry.dev}:${entry.ino}`, sizeBytes: entry.size };
}

/**
 * Whether a connection to the file as it was can be trusted with what is there now. A file that shrank may
 * have been vacuumed by SQLite or cut short by somebody: opening it again tells.
 */
export function isSameFile(known: FileIdentity, current: FileIdentity | undefined): boolean {
  return current !== undefined && current.file === known.file && current.sizeBytes >= known.sizeBytes;
}

/**
 * Throws where the file was exchanged and the log of the old one still lies beside it: SQLite would take the
 * old changes for changes of the new file.
 */
export function assertNoOldLog(file: string, known: FileIdentity, current: FileIdentity): void {
  if (current.file === known.file || current.log === undefined || current.log !== known.log) return;
  throw new Error(
    `${file} was replaced, but ${file}-wal belongs to the old file: remove ${file}-wal and ${file}-shm`,
  );
}

/** Removes what the old file's connections left beside the new one. An index is a cache; it holds no content. */
export function removeOldIndex(file: string, known: FileIdentity, current: FileIdentity): void {
  if (current.file !== known.file && current.logIndex !== undefined && current.logIndex === known.logIndex) {
    rmSync(`${file}-shm`, { force: true });
  }
}
