import { statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";

type Chunks = Iterable<string> | AsyncIterable<string>;

/**
 * Writes the file in one step: under its name there is either the old content or all of the new one, never a part.
 */
export async function replaceFile(file: string, chunks: Chunks, mode?: number): Promise<void> {
  // A terminal or a pipe, such as /dev/stdout, is written to and never replaced.
  if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) {
    await using handle = await open(file, "w");
    await writeAll(handle, chunks);
    return;
  }
  const unfinished = `${file}.${process.pid}.tmp`;
  try {
    await createFile(unfinished, chunks, mode);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Throws at once what `replaceFile` would throw after all the work, as far as it can be known. */
export async function tryToReplace(file: string): Promise<void> {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) await open(file, "w");
  // A terminal or a pipe is not tried: who reads a pipe would take that for all there is.
  if (there?.isFile() === false) return;
  const unfinished = `${file}.${process.pid}.tmp`;
  await createFile(unfinished, []);
  await rm(unfinished);
}

/** Makes a file that is not there yet, with all of the content or not at all. */
export async function createFile(file: string, chunks: Chunks, mode?: number): Promise<void> {
  const handle = await open(file, "wx", mode);
  try {
    await writeAll(handle, chunks);
    await handle.sync();
    await handle.close();
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(file, { force: true });
    throw error;
  }
}

/** Unlike `write`, `writeFile` writes all of it or throws: the system may take only a part if the disk is nearly full. */
async function writeAll(handle: FileHandle, chunks: Chunks): Promise<void> {
  for await (const chunk of chunks) await handle.writeFile(chunk);
}
