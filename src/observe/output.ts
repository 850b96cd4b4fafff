import { write } from "node:fs";

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
const RETRY_MS = 5;
const FINAL_FLUSH_MS = 1000;

/**
 * An output to a file descriptor. One that is full, closed, or on a full disk loses lines and says how
 * many (`lostLines` makes that line) once it takes them again; it never stops the server. Where other processes write there too, `maxWriteBytes` keeps their lines apart.
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
  let isInsideLine = false;

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
      if (pending !== "") timer ??= setTimeout(startWriting, FLUSH_INTERVAL_MS).unref();
    });
  }

  async function writePending(): Promise<void> {
    while (pending !== "") {
      // A write that ended inside a line, on a disk that was full, must not have another line glued to it.
      const lines = Buffer.from(isInsideLine ? `\n${pending}` : pending);
      const reported = lost;
      const report = reported === 0 ? "" : lostLines(reported);
      pending = "";
      lost = 0;
      const chunk = Buffer.concat([lines, Buffer.from(report)]);
      const written = await writeWhole(fileDescriptor, chunk, maxWriteBytes);
      if (written > 0) isInsideLine = chunk[written - 1] !== NEWLINE;
      if (written < chunk.length) {
        lost += reported + countLines(lines.subarray(written));
        return;
      }
    }
  }

  return {
    write: append,
    async flush() {
      startWriting();
      // A timer that is left behind would hold the process that flushes in order to end.
      const { promise, resolve } = Promise.withResolvers<void>();
      const givingUp = setTimeout(resolve, FINAL_FLUSH_MS);
      await Promise.race([writing, promise]);
      clearTimeout(givingUp);
    },
  };
}

/** How many bytes were written: not all where it is closed, its reader is gone, or the disk is full. */
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

/** Where a write ends that begins at `start`: after a whole line, if need be after one that is too long. */
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
  for (const byte of chunk) if (byte === 10) lines += 1;
  return lines;
}
