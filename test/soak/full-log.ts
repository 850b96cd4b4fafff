import { join } from "node:path";
import { countLog, type LogCounts, serveLoggingTo } from "../operations/logging-to-file.ts";
import { footprint, OK, SECRET } from "../operations/operated.ts";
import { startLoad } from "./load.ts";
import { type FileSystem, mountSmallDisk } from "./small-disk.ts";

export interface FullLogOptions {
  readonly fileSystem: FileSystem;
  readonly workers: number;
  readonly hasAdmin: boolean;
  /** How long the disk is full, all rounds together. */
  readonly fullSeconds: number;
}

export interface FullLogCounts extends LogCounts {
  readonly answered: number;
  /** Calls that were not answered, or wrongly. */
  readonly failed: number;
  /** Calls that are neither in the log nor counted as lost. */
  readonly missing: number;
  readonly maxResidentMib: number;
  readonly exitCode: number;
}

/** So often the disk is full, and has space again. */
export const ROUNDS = 3;
const DISK_MEBIBYTES = 16;
const WITH_SPACE_MS = 1000;

/** The log goes to a file, and the disk that it is on is full again and again, while callers ask on. */
export async function soakFullLog(options: FullLogOptions): Promise<FullLogCounts> {
  const { fileSystem, workers, hasAdmin, fullSeconds } = options;
  using disk = mountSmallDisk(fileSystem, DISK_MEBIBYTES);
  const tables = { server: `workers = ${workers}`, ...(hasAdmin ? {} : ({ admin: false } as const)) };
  await using server = await serveLoggingTo(join(disk.folder, "server.log"), tables);
  const { port, pid } = server;
  await using load = startLoad({ port, keepAlive: 4, fresh: 2, secret: () => SECRET, right: () => [OK] });
  let maxResidentMib = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    disk.fill();
    server.signal("SIGHUP");
    const endMs = performance.now() + (fullSeconds * 1000) / ROUNDS;
    while (performance.now() < endMs) {
      await Bun.sleep(100);
      maxResidentMib = Math.max(maxResidentMib, footprint(pid).residentMib);
    }
    disk.makeSpace();
    await Bun.sleep(WITH_SPACE_MS);
  }
  const { answered, failed } = await load.stop();
  server.signal("SIGTERM");
  const exitCode = await server.exited;
  const log = countLog(server.log());
  const missing = Math.max(0, answered - log.calls - log.lost);
  return { answered, failed: failed.length, ...log, missing, maxResidentMib, exitCode };
}
