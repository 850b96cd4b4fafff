import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { $ } from "bun";
import { bundlePage, EMBEDDED } from "../admin/page-assets.ts";

/**
 * One file that needs nothing beside it. A `.env`, `bunfig.toml` or `tsconfig.json` in the folder where it
 * is started does not change it; a `package.json` is read, so that an operator's plugin finds its own
 * `node_modules`.
 */
const FLAGS = [
  "--compile",
  "--minify",
  "--bytecode",
  "--format=esm",
  "--sourcemap",
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-tsconfig",
  "--compile-autoload-package-json",
];

/** The platforms of a release: the end of the file's name, and what the compiler calls it. */
export const PLATFORMS: readonly (readonly [name: string, target: string])[] = [
  ["linux-x64", "bun-linux-x64"],
  ["linux-x64-baseline", "bun-linux-x64-baseline"],
  ["linux-x64-musl", "bun-linux-x64-musl"],
  ["linux-x64-musl-baseline", "bun-linux-x64-musl-baseline"],
  ["linux-arm64", "bun-linux-arm64"],
  ["linux-arm64-musl", "bun-linux-arm64-musl"],
  ["macos-x64", "bun-darwin-x64"],
  ["macos-arm64", "bun-darwin-arm64"],
  ["windows-x64.exe", "bun-windows-x64"],
];

interface Compilation {
  readonly outfile: string;
  /** This machine's own if it is not given. Another one's runtime comes from the npm registry. */
  readonly target?: string;
  /** Where to write what went into the bundle. */
  readonly metafile?: string;
}

/** Compiles the program. The same revision gives the same bytes, in whatever folder and on whatever day. */
export async function compile({ outfile, target, metafile }: Compilation): Promise<void> {
  const flags = [
    ...FLAGS,
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(metafile === undefined ? [] : [`--metafile=${metafile}`]),
  ];
  const define = `KLAS_BALANCE_REVISION=${JSON.stringify(await revision())}`;
  const temporary = await mkdtemp(join(tmpdir(), "klas-balance-compile-"));
  try {
    const page = join(temporary, EMBEDDED);
    for (const [name, bytes] of (await bundlePage()).files) await Bun.write(join(page, name), bytes);
    const folders = ["plugins/sqlite/own/migrations", "plugins/postgres/own/postgres-migrations", page];
    const assets = folders.flatMap((folder) => ["--asset", folder]);
    await $`bun build ${flags} ${assets} --define ${define} --outfile ${outfile} src/main.ts`;
  } finally {
    await rm(temporary, { recursive: true });
  }
  // It is in the executable, too.
  await rm(`${outfile}.map`, { force: true });
}

async function revision(): Promise<string> {
  const { stdout, exitCode } = await $`git rev-parse --short=12 HEAD`.quiet().nothrow();
  if (exitCode !== 0) return "unknown";
  const isChanged = (await $`git status --porcelain`.quiet().text()) !== "";
  return `${stdout.toString().trim()}${isChanged ? "-modified" : ""}`;
}
