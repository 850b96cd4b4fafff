import { readFileSync } from "node:fs";

/**
 * Throws if a database with a write-ahead log is mounted without its folder, as `docker -v FILE:FILE` does: the log
 * of the program that writes to it lies beside it on the other side of the mount, out of sight, and ours would lie here.
 */
export function assertNotMountedAlone(file: string, mounts = mountTable()): void {
  const escaped = file.replaceAll(/[ \t\n\\]/g, (character) => `\\${octal(character)}`);
  if (!mounts.split("\n").some((line) => line.split(" ")[MOUNT_POINT] === escaped)) return;
  throw new Error(
    `${file} is mounted without its folder, and so without its log (${file}-wal), in which the latest balances are: ` +
      "mount the folder that it lies in",
  );
}

/** The fifth field of a line (proc_pid_mountinfo(5)). */
const MOUNT_POINT = 4;

/** As the kernel writes it: three digits. */
function octal(character: string): string {
  return character.charCodeAt(0).toString(8).padStart(3, "0");
}

/** Empty if the system does not show mounts: then a file cannot be mounted alone, or nobody can tell. */
function mountTable(): string {
  try {
    return readFileSync("/proc/self/mountinfo", "utf8");
  } catch {
    return "";
  }
}
