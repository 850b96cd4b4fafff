import { existsSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FOLDER = join(tmpdir(), `klas-balance-build-${process.pid}`);
const ROOT = join(import.meta.dir, "..");

/** The compiled binary: that of `KLAS_BALANCE_BINARY`, else one that is built once for this process. */
export function binary(): string {
  const given = process.env["KLAS_BALANCE_BINARY"];
  if (given !== undefined && given !== "") return given;
  const file = join(FOLDER, "klas-balance");
  if (!existsSync(file)) {
    mkdirSync(FOLDER, { recursive: true });
    const { exitCode, stderr } = Bun.spawnSync([process.execPath, "src/release/build.ts", file], {
      cwd: ROOT,
    });
    if (exitCode !== 0) throw new Error(`the build failed: ${stderr.toString()}`);
  }
  return file;
}

/** Removes what `binary` built. */
export function removeBinary(): void {
  rmSync(FOLDER, { recursive: true, force: true });
}
