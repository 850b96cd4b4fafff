import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { shownPath } from "../shown-path.ts";

const GROUP_OR_OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** Warns if somebody else may change what this process runs as root: a plugin's file, or the folder that it lies in. */
export async function writableWarnings(file: string): Promise<readonly string[]> {
  if (process.getuid?.() !== 0) return [];
  const warnings: string[] = [];
  for (const path of [file, dirname(file)]) {
    const { mode, uid } = await stat(path);
    // In a sticky folder, such as /tmp, nobody can put another file in place of root's.
    const isOpen = (mode & GROUP_OR_OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
    if (uid === 0 && !isOpen) continue;
    warnings.push(
      `${shownPath(path)} can be changed by others, and what is in it runs as root: chown root and chmod go-w, or serve as another user`,
    );
  }
  return warnings;
}
