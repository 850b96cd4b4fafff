import type { BalanceQuery, LookupResult, Source, SourceLog } from "../../../src/plugin.ts";
import { isBusy, MayPass, untilFree } from "./busy.ts";
import { explained } from "./failure.ts";
import {
  assertNoOldLog,
  behindLinks,
  type FileIdentity,
  hasForeignLog,
  hasLostLog,
  identify,
  isSameFile,
  onceOpened,
  withoutEmptyLog,
} from "./identity.ts";

/**
 * How long a look at the file, whether it is still the one that is open, can be trusted. A read looks by itself,
 * because a timer is late if many calls are answered.
 */
const TRUSTED_MS = 20;

/** The same while there is nothing to read from, and a look opens the file. */
const RETRY_MS = 250;

/** How often the file is looked at if there are no lookups. */
const WATCH_EVERY_MS = 1000;

/** An open database file that answers. */
export interface DatabaseReader {
  /** Throws SQLITE_BUSY at once if another connection's lock is in the way. */
  read(query: BalanceQuery): LookupResult;
  /**
   * Forgets what was read so far, because the file was written to. If that was done by another program than SQLite,
   * `cp` for example, the counters by which SQLite's connections find out may be the same as before. Throws as `read`
   * does, and then nothing is changed.
   */
  renew(): void;
  /** Whether it reads from a write-ahead log. If so, it is useless once the log is no longer beside the file. */
  usesLog(): boolean;
  /** Housekeeping, now and then. */
  tend?(): void;
  /**
   * Leaves nothing behind that would change a file which is at the path by now. With `leavesLog` it does not write
   * the log back: another one has taken its place.
   */
  close(options?: { readonly leavesLog: boolean }): void | Promise<void>;
}

/** How a kind of database is opened. Links in paths have been resolved. */
export interface DatabaseKind {
  open(path: string): Promise<DatabaseReader>;
  /** Opens a file that was replaced, or is back, while the server runs. */
  reopen(known: FileIdentity, current: FileIdentity): Promise<DatabaseReader>;
}

const NOBODY: BalanceQuery = { playerId: "", sessionId: "", requestId: "", timestamp: 0, traceparent: "" };

/**
 * A source that reads `file`. It follows the path, not the inode: a replaced file is opened again, and while there is
 * none every lookup throws, because an answer from a deleted file would be an old balance.
 */
export async function openFileSource(file: string, kind: DatabaseKind, log: SourceLog): Promise<Source> {
  const before = identify(file);
  let reader: DatabaseReader | undefined = await kind.open(behindLinks(file));
  const after = identify(file);
  let known = before === undefined ? after : onceOpened(before, after);
  let unavailable = "";
  let reopening = false;
  let closed = false;

  let lookedMs = performance.now();

  /** Until when the file may have been written to and still have the times that are known. */
  let unsettledMs: number | undefined = lookedMs + (known?.tickMs ?? 0);
  let isOutdated = false;

  const timer = setInterval(() => {
    look();
    reader?.tend?.();
  }, WATCH_EVERY_MS);
  timer.unref();

  function look(): void {
    lookedMs = performance.now();
    const current = identify(file);
    if (reader === undefined || !isStillGood(reader, current)) {
      if (!reopening) void reopen(current);
      return;
    }
    if (current.times !== known?.times) unsettledMs = lookedMs + current.tickMs;
    known = current;
    if (unsettledMs === undefined) return;
    isOutdated = true;
    // Whatever is written from now on has other times.
    if (lookedMs >= unsettledMs) unsettledMs = undefined;
  }

  function isStillGood(open: DatabaseReader, current: FileIdentity | undefined): current is FileIdentity {
    if (known === undefined || current === undefined || !isSameFile(known, current)) return false;
    if (!open.usesLog() || !hasLostLog(known, current)) return true;
    log.error(
      `${current.path}-wal or -shm was removed while ${current.path} was open: balances may be lost; never remove them while it is in use`,
    );
    return false;
  }

  async function reopen(current: FileIdentity | undefined): Promise<void> {
    reopening = true;
    const old = reader;
    reader = undefined;
    try {
      if (old !== undefined) {
        unavailable = `${file} is being opened again`;
        await old.close({ leavesLog: known !== undefined && hasForeignLog(known, current) });
        if (known !== undefined) known = withoutEmptyLog(known);
      }
      if (current === undefined)
        throw new Error(`the database file ${file} is gone or out of reach: put it back`);
      known ??= current;
      assertNoOldLog(known, current);
      const reopened = await kind.reopen(known, current);
      if (closed) return await reopened.close();
      reader = reopened;
      known = onceOpened(current, identify(file));
      unsettledMs = performance.now() + current.tickMs;
      isOutdated = false;
      log.info(`the database file ${file} was replaced or is back, and is open again`);
    } catch (error) {
      giveUp(error);
    } finally {
      reopening = false;
    }
  }

  function renew(): void {
    try {
      reader?.renew();
    } catch (error) {
      // An index that is held open may say a number of pages from before. To close it is safe with an empty log alone:
      // another one would be written into the new content.
      if (isBusy(error) || known?.isLogEmpty !== true) throw error;
      return void reopen(known);
    }
    isOutdated = false;
    // If the file was replaced at this moment, the new connection is to another one, with the old one's log beside it.
    if (identify(file)?.file !== known?.file) look();
  }

  /** Logged once, not every second. */
  function giveUp(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== unavailable) log.error(problem);
    unavailable = problem;
  }

  function read(query: BalanceQuery): LookupResult {
    const trustedMs = reader === undefined ? RETRY_MS : TRUSTED_MS;
    if (!closed && performance.now() - lookedMs >= trustedMs) look();
    if (isOutdated) renew();
    if (reader !== undefined) return reader.read(query);
    throw reopening ? new MayPass(unavailable) : new Error(unavailable);
  }

  function lookup(query: BalanceQuery, signal: AbortSignal): LookupResult | Promise<LookupResult> {
    try {
      return read(query);
    } catch (error) {
      if (!isBusy(error)) throw explained(error, file);
      return readOnceFree(query, signal);
    }
  }

  async function readOnceFree(query: BalanceQuery, signal: AbortSignal): Promise<LookupResult> {
    try {
      return await untilFree(() => read(query), signal);
    } catch (error) {
      throw explained(error, file);
    }
  }

  return {
    lookup,
    async check(signal) {
      look();
      await readOnceFree(NOBODY, signal);
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      const last = reader;
      reader = undefined;
      unavailable = `${file} is closed`;
      await last?.close();
    },
  };
}
