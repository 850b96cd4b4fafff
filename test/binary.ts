import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");

/** Not named by the process's id: one that was killed leaves its folder, and another gets the id, with another source. */
let folder: string | undefined;

/** The compiled binary: that of `KLAS_BALANCE_BINARY`, else one that is built once for this process. */
export function binary(): string {
  const given = process.env["KLAS_BALANCE_BINARY"];
  if (given !== undefined && given !== "") return given;
  folder ??= build();
  return join(folder, "klas-balance");
}

function build(): string {
  const made = mkdtempSync(join(tmpdir(), "klas-balance-build-"));
  const file = join(made, "klas-balance");
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "src/release/build.ts", file], { cwd: ROOT });
  if (exitCode !== 0) {
    rmSync(made, { recursive: true, force: true });
    throw new Error(`the build failed: ${stderr.toString()}`);
  }
  return made;
}

/** Removes what `binary` built. */
export function removeBinary(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
}
