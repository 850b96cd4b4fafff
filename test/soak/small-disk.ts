import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type FileSystem = "tmpfs" | "ext4";

const MEBIBYTE = 1_048_576;

/** A file system of a few MiB, which is really full when it is. Mounting needs root, and ext4 a loop device. */
export interface SmallDisk extends Disposable {
  readonly folder: string;
  /** Takes all the space that is left. */
  fill(): void;
  /** Gives back what `fill` took. */
  makeSpace(): void;
}

export function mountSmallDisk(kind: FileSystem, mebibytes: number): SmallDisk {
  const place = mkdtempSync(join(tmpdir(), "klas-balance-disk-"));
  const folder = join(place, "disk");
  execute("mkdir", folder);
  if (kind === "tmpfs") {
    execute("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m`, "tmpfs", folder);
  } else {
    const image = join(place, "image");
    execute("truncate", "-s", `${mebibytes}M`, image);
    execute("mkfs.ext4", "-q", "-F", "-m", "0", image);
    execute("mount", "-o", "loop", image, folder);
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => writeUntilFull(ballast, mebibytes * MEBIBYTE),
    makeSpace: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]() {
      execute("umount", folder);
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** Never more than the disk's size: should it not be mounted, another one is not to be filled. */
function writeUntilFull(file: string, maxBytes: number): void {
  const descriptor = openSync(file, "a");
  let leftBytes = maxBytes;
  // Ever smaller pieces: a file system may refuse a large one and take a small one.
  for (let bytes = MEBIBYTE; bytes >= 1; bytes = Math.floor(bytes / 16)) {
    const piece = Buffer.alloc(bytes);
    try {
      while (leftBytes > 0) leftBytes -= writeSync(descriptor, piece);
    } catch {
      // Nothing of this size fits any more.
    }
  }
  closeSync(descriptor);
}

function execute(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
}
