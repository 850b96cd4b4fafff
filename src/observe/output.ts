import { write } from "node:fs";
import { endOfFile } from "./file-end.ts";

/** Where lines go: gathered in memory, written by a thread, so that a request costs no system call. */
export interface Output {
  /** Takes one line, its newline included. Never throws and never waits. */
  write(line: string): void;
  /** Writes what is there. Resolves when it is written, given up on, or after one second at the most. */
  flush(): Promise<void>;
}

const FLUSH_INTERVAL_MS = 100;
const FLUSH_AT_CHARACTERS = 65_536;
/** What is kept for a reader that is slow, such as a full pipe; further lines are dropped and counted. */
const MAX_PENDING_CHARACTERS = 4 * 1024 * 1024;
const NEWLINE = 10;
const NOTHING: Uint8Array = new Uint8Array();
const RETRY_MS = 5;
const FINAL_FLUSH_MS = 1000;

/** A line that a full disk cut off. */
interface CutLine {
  /** What ends it. */
  readonly rest: Uint8Array;
  /** How many lines are lost if that cannot be written. */
  readonly lines: number;
  /** Of the file, with the line as its last one; `undefined` if the output is not a file. */
  readonly sizeBytes: number | undefined;
}

/** What is written in one go: the rest of a cut line, whole lines, the number of those that were lost before. */
interface Chunk {
  readonly bytes: Uint8Array;
  /** How many lines are lost if nothing is written from this offset on. */
  readonly linesFrom: (offset: number) => number;
}

/**
 * An output to a file descriptor. One that is full, closed, or on a full disk loses lines and says how
 * many (`lostLines` makes that line) once it takes them again; it never stops the server. A line that a full disk
 * has cut is ended as soon as there is space, and no other is glued to it. If other processes write there, too,
 * `maxWriteBytes` keeps their lines apart.
 */
export function openOutput(
  fileDescriptor: number,
  lostLines: (count: number) => string,
  maxWriteBytes = Infinity,
): Output {
  let pending = "";
  let lost = 0;
  let timer: Timer | undefined;
  let writing: Promise<void> | undefined;
  let hasFailed = false;
  let cut: CutLine | undefined;

  function append(line: string): void {
    if (pending.length + line.length > MAX_PENDING_CHARACTERS) {
      lost += 1;
      return;
    }
    pending += line;
    if (pending.length >= FLUSH_AT_CHARACTERS) startWriting();
    else timer ??= setTimeout(startWriting, FLUSH_INTERVAL_MS).unref();
  }

  function startWriting(): void {
    clearTimeout(timer);
    timer = undefined;
    writing ??= writePending().finally(() => {
      writing = undefined;
      if (isDue()) timer ??= setTimeout(startWriting, FLUSH_INTERVAL_MS).unref();
    });
  }

  function isDue(): boolean {
    return pending !== "" || cut !== undefined;
  }

  async function writePending(): Promise<void> {
    while (isDue()) {
      if (hasFailed) await lookAtCutLine();
      const chunk = takeChunk();
      const written = await writeWhole(fileDescriptor, chunk.bytes, maxWriteBytes);
      hasFailed = written < chunk.bytes.length;
      if (hasFailed) return await countLost(chunk, written);
      cut = undefined;
    }
  }

  function takeChunk(): Chunk {
    const rest = cut?.rest ?? NOTHING;
    const lines = Buffer.from(pending);
    const reported = lost;
    const report = reported === 0 ? "" : lostLines(reported);
    pending = "";
    lost = 0;
    const bytes = Buffer.concat([rest, lines, Buffer.from(report)]);
    const cutLines = cut?.lines ?? 0;
    return {
      bytes,
      linesFrom: (offset) =>
        (offset < rest.length ? cutLines : 0) +
        countLines(lines.subarray(Math.max(0, offset - rest.length))) +
        (offset < bytes.length ? reported : 0),
    };
  }

  /** A line that has been begun is not lost yet. */
  async function countLost(chunk: Chunk, written: number): Promise<void> {
    const { bytes } = chunk;
    const isBegun = written === 0 ? cut !== undefined : bytes[written - 1] !== NEWLINE;
    const end = isBegun ? bytes.indexOf(NEWLINE, written) + 1 : written;
    lost += chunk.linesFrom(end);
    if (written === 0) return;
    cut = isBegun
      ? {
          rest: bytes.subarray(written, end),
          lines: chunk.linesFrom(written) - chunk.linesFrom(end),
          sizeBytes: (await endOfFile(fileDescriptor))?.sizeBytes,
        }
      : undefined;
  }

  /** Another process may have written there since, perhaps the one that made space: then only its last line needs an end. */
  async function lookAtCutLine(): Promise<void> {
    const end = await endOfFile(fileDescriptor);
    if (end !== undefined && end.sizeBytes === cut?.sizeBytes) return;
    lost += cut?.lines ?? 0;
    const isInsideLine = end?.isInsideLine ?? cut !== undefined;
    cut = isInsideLine ? { rest: Uint8Array.of(NEWLINE), lines: 0, sizeBytes: end?.sizeBytes } : undefined;
  }

  return {
    write: append,
    async flush() {
      startWriting();
      // A timer left behind would keep a process alive that flushes because it is about to end.
      const { promise, resolve } = Promise.withResolvers<void>();
      const givingUp = setTimeout(resolve, FINAL_FLUSH_MS);
      await Promise.race([writing, promise]);
      clearTimeout(givingUp);
    },
  };
}

/** How many bytes were written: not all if it is closed, its reader is gone, or the disk is full. */
async function writeWhole(fileDescriptor: number, chunk: Uint8Array, maxWriteBytes: number): Promise<number> {
  let offset = 0;
  while (offset < chunk.length) {
    const written = await writeSome(
      fileDescriptor,
      chunk.subarray(offset, endOfWrite(chunk, offset, maxWriteBytes)),
    );
    if (written === "failed") return offset;
    if (written === "busy") await Bun.sleep(RETRY_MS);
    else offset += written;
  }
  return offset;
}

/** Where a write that begins at `start` ends: after a whole line, even if one line alone is too long. */
function endOfWrite(chunk: Uint8Array, start: number, maxBytes: number): number {
  if (chunk.length - start <= maxBytes) return chunk.length;
  const lastNewline = chunk.lastIndexOf(NEWLINE, start + maxBytes - 1);
  return (lastNewline >= start ? lastNewline : chunk.indexOf(NEWLINE, start)) + 1;
}

function writeSome(fileDescriptor: number, bytes: Uint8Array): Promise<number | "busy" | "failed"> {
  return new Promise((resolve) => {
    write(fileDescriptor, bytes, (error, written) => {
      if (error === null) resolve(written);
      else resolve(error.code === "EAGAIN" || error.code === "EINTR" ? "busy" : "failed");
    });
  });
}

function countLines(chunk: Uint8Array): number {
  let lines = 0;
  for (const byte of chunk) if (byte === NEWLINE) lines += 1;
  return lines;
}
