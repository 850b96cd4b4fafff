import { rmSync, statSync } from "node:fs";

/** Which file lies at a path, and which write-ahead log (`-wal`) and index of the log (`-shm`) beside it. */
export interface FileIdentity {
  readonly file: string;
  readonly sizeBytes: bigint;
  readonly log: string | undefined;
  /** Whether the log holds nothing, or there is none. */
  readonly isLogEmpty: boolean;
  readonly logIndex: string | undefined;
}

/** `undefined` where there is no file, or none that can be reached: its folder is none any more, its disk does not answer. */
export function identify(file: string): FileIdentity | undefined {
  const entry = statOf(file);
  if (entry === undefined) return undefined;
  const log = statOf(`${file}-wal`);
  return {
    file: entry.inode,
    sizeBytes: entry.sizeBytes,
    log: log?.inode,
    isLogEmpty: (log?.sizeBytes ?? 0n) === 0n,
    logIndex: statOf(`${file}-shm`)?.inode,
  };
}

function statOf(path: string): { readonly inode: string; readonly sizeBytes: bigint } | undefined {
  try {
    const { dev, ino, size } = statSync(path, { bigint: true });
    return { inode: `${dev}:${ino}`, sizeBytes: size };
  } catch {
    return undefined;
  }
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
  if (current.file === known.file || current.isLogEmpty || current.log !== known.log) return;
  throw new Error(
    `${file} was replaced, but ${file}-wal belongs to the old file: remove ${file}-wal and ${file}-shm`,
  );
}

/**
 * The file as it was known, once its connections are closed: where they have emptied its log, what is put into
 * a log at the same place from now on is the next file's.
 */
export function withoutEmptyLog(file: string, known: FileIdentity): FileIdentity {
  const log = statOf(`${file}-wal`);
  return log?.inode === known.log && log?.sizeBytes !== 0n ? known : { ...known, log: undefined };
}

/**
 * Removes what the old file's connections left beside the new one. An index is a cache; it holds no content.
 * Throws where another program has the new file open already, and so has taken the old index for its own.
 */
export function removeOldIndex(
  file: string,
  known: FileIdentity,
  { isInUse }: { readonly isInUse: boolean },
): void {
  if (known.logIndex === undefined || statOf(`${file}-shm`)?.inode !== known.logIndex) return;
  if (isInUse) throw new Error(`${file} was replaced while another program had it open: let that end`);
  rmSync(`${file}-shm`, { force: true });
}
