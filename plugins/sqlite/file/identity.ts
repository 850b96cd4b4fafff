import { lstatSync, readlinkSync, realpathSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/** Which file lies at a path, and which write-ahead log (`-wal`) and index of the log (`-shm`) beside it. */
export interface FileIdentity {
  /** Its real path, with links resolved: SQLite keeps the log and the index there, and not beside a link. */
  readonly path: string;
  readonly file: string;
  readonly sizeBytes: bigint;
  /** When it was last written to: a copy may set the time of the modification back, but nobody that of the change. */
  readonly times: string;
  /** How long it may then be written to again and still have these times. */
  readonly tickMs: number;
  readonly log: string | undefined;
  /** Whether the log holds nothing, or there is none. */
  readonly isLogEmpty: boolean;
  readonly logIndex: string | undefined;
}

/** `undefined` if there is no file, or it cannot be reached: its folder is gone, or its disk does not answer. */
export function identify(file: string): FileIdentity | undefined {
  const path = behindLinks(file);
  const entry = statOf(path);
  if (entry === undefined) return undefined;
  const log = statOf(`${path}-wal`);
  return {
    path,
    file: entry.inode,
    sizeBytes: entry.sizeBytes,
    times: entry.times,
    tickMs: entry.tickMs,
    log: log?.inode,
    isLogEmpty: (log?.sizeBytes ?? 0n) === 0n,
    logIndex: statOf(`${path}-shm`)?.inode,
  };
}

/** The path that SQLite uses for a file, also for one that is still to be made. */
export function behindLinks(file: string): string {
  let path = file;
  try {
    for (let links = 0; links < MAX_LINKS && lstatSync(path).isSymbolicLink(); links += 1) {
      path = resolve(dirname(path), readlinkSync(path));
    }
  } catch {
    // There is none yet.
  }
  try {
    // The folder's, because to resolve the file's own path is to open and close it on some systems, and that drops
    // the locks which this process has on it (POSIX).
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

/** More would be a loop; Linux follows as many. */
const MAX_LINKS = 40;

/** The times of most file systems go by the ticks of a kernel, which are 16 ms long at most. */
const FINE_TICK_MS = 50;

/** Those of one that keeps whole seconds, or only every other one (FAT). */
const COARSE_TICK_MS = 2500;

const SECOND_NS = 1_000_000_000n;

interface Entry extends Pick<FileIdentity, "sizeBytes" | "times" | "tickMs"> {
  readonly inode: string;
}

function statOf(path: string): Entry | undefined {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return {
      inode: `${dev}:${ino}`,
      sizeBytes: size,
      times: `${mtimeNs}:${ctimeNs}`,
      tickMs: ctimeNs % SECOND_NS === 0n ? COARSE_TICK_MS : FINE_TICK_MS,
    };
  } catch {
    return undefined;
  }
}

/**
 * Whether a connection to the file as it was can be trusted with what is there now. A file that shrank may
 * have been vacuumed by SQLite or cut short by somebody: opening it again tells.
 */
export function isSameFile(known: FileIdentity, current: FileIdentity | undefined): boolean {
  return (
    current !== undefined &&
    current.path === known.path &&
    current.file === known.file &&
    current.sizeBytes >= known.sizeBytes
  );
}

/**
 * A file that was opened between two looks at it. Opening makes its log and index. What is written meanwhile may or
 * may not have been read: so it has its times from before, and the next look finds later ones. If it is another file
 * by now, that look finds it, too.
 */
export function onceOpened(before: FileIdentity, after: FileIdentity | undefined): FileIdentity {
  return after !== undefined && isSameFile(before, after) ? { ...after, times: before.times } : before;
}

/**
 * Whether the log or its index of an open file was removed. SQLite does that only if nobody has it open; its
 * connections would read the log that is gone, and never see a later commit.
 */
export function hasLostLog(known: FileIdentity, current: FileIdentity): boolean {
  return [
    [known.log, current.log],
    [known.logIndex, current.logIndex],
  ].some(([was, is]) => was !== undefined && is !== was);
}

/** Whether another log or index is in its place, through which somebody may have committed. */
export function hasForeignLog(known: FileIdentity, current: FileIdentity | undefined): boolean {
  if (current === undefined || current.file !== known.file) return false;
  return [
    [known.log, current.log],
    [known.logIndex, current.logIndex],
  ].some(([was, is]) => is !== undefined && is !== was);
}

/**
 * Throws if the file was replaced and the log of the old one still lies beside it: SQLite would take the
 * old changes for changes of the new file.
 */
export function assertNoOldLog(known: FileIdentity, current: FileIdentity): void {
  if (current.file === known.file || current.isLogEmpty || current.log !== known.log) return;
  const { path } = current;
  throw new Error(
    `${path} was replaced, but ${path}-wal belongs to the old file: remove ${path}-wal and ${path}-shm`,
  );
}

/**
 * The file as it was known, after its connections are closed. If they emptied its log, whatever is in a log at the
 * same place from now on belongs to the next file.
 */
export function withoutEmptyLog(known: FileIdentity): FileIdentity {
  const log = statOf(`${known.path}-wal`);
  return log?.inode === known.log && log?.sizeBytes !== 0n ? known : { ...known, log: undefined };
}

/**
 * Removes what the old file's connections left beside the new one. An index is a cache; it holds no content.
 * Throws if another program has the new file open already, and so has taken the old index for its own.
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
