import type { BalanceQuery, LookupResult, Source, SourceLog } from "../../../src/plugin.ts";
import { isBusy, untilFree } from "./busy.ts";
import { explained } from "./failure.ts";
import { assertNoOldLog, type FileIdentity, identify, isSameFile, withoutEmptyLog } from "./identity.ts";

/** How often the file is looked at, whether it is still the one that is open. */
const WATCH_EVERY_MS = 1000;

/** An open database file that answers. */
export interface Reader {
  /** Throws SQLITE_BUSY at once where another connection's lock is in the way. */
  read(query: BalanceQuery): LookupResult;
  /** Leaves nothing behind that would change a file which lies at the path by now. */
  close(): void | Promise<void>;
}

/** How a kind of database is opened. */
export interface ReaderKind {
  open(): Promise<Reader>;
  /** Opens the file again that was exchanged, or is back, while the server runs. */
  reopen(known: FileIdentity, current: FileIdentity): Promise<Reader>;
}

const NOBODY: BalanceQuery = { playerId: "", sessionId: "", requestId: "", timestamp: 0, traceparent: "" };

/**
 * A source that reads `file`. It follows the path, not the inode: an exchanged file is opened again, and
 * while there is none every lookup throws, because an answer from a deleted file would be an old balance.
 */
export async function openFileSource(file: string, kind: ReaderKind, log: SourceLog): Promise<Source> {
  const before = identify(file);
  let reader: Reader | undefined = await kind.open();
  const after = identify(file);
  // Exchanged while it was being opened: the next look finds another file than before, and opens that.
  let known = before === undefined || isSameFile(before, after) ? after : before;
  let unavailable = "";
  let reopening = false;
  let closed = false;

  const timer = setInterval(watch, WATCH_EVERY_MS);
  timer.unref();

  function watch(): void {
    const current = identify(file);
    if (reader !== undefined && known !== undefined && isSameFile(known, current)) known = current;
    else if (!reopening) void reopen(current);
  }

  async function reopen(current: FileIdentity | undefined): Promise<void> {
    reopening = true;
    const old = reader;
    reader = undefined;
    try {
      if (old !== undefined) {
        unavailable = `${file} is being opened again`;
        await old.close();
        if (known !== undefined) known = withoutEmptyLog(file, known);
      }
      if (current === undefined)
        throw new Error(`the database file ${file} is gone or out of reach: put it back`);
      known ??= current;
      assertNoOldLog(file, known, current);
      const reopened = await kind.reopen(known, current);
      if (closed) return await reopened.close();
      reader = reopened;
      known = current;
      log.info(`the database file ${file} was exchanged or is back, and is open again`);
    } catch (error) {
      giveUp(error);
    } finally {
      reopening = false;
    }
  }

  /** Logged once, not every second. */
  function giveUp(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem !== unavailable) log.error(problem);
    unavailable = problem;
  }

  function read(query: BalanceQuery): LookupResult {
    if (reader === undefined) throw new Error(unavailable);
    return reader.read(query);
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
      watch();
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
