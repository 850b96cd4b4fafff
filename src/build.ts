import { $ } from "bun";

/**
 * `bun run build [FILE]`: one file that needs nothing beside it. A `.env`, `bunfig.toml` or `tsconfig.json` in
 * the folder where it is started does not change it; a `package.json` is read, so that an operator's
 * plugin finds its own `node_modules`.
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

async function revision(): Promise<string> {
  const { stdout, exitCode } = await $`git rev-parse --short=12 HEAD`.quiet().nothrow();
  if (exitCode !== 0) return "unknown";
  const isChanged = (await $`git status --porcelain`.quiet().text()) !== "";
  return `${stdout.toString().trim()}${isChanged ? "-modified" : ""}`;
}

const [outfile = "dist/klas-balance"] = process.argv.slice(2);
const define = `KLAS_BALANCE_REVISION=${JSON.stringify(await revision())}`;
await $`bun build ${FLAGS} --asset plugins/sqlite/migrations --define ${define} --outfile ${outfile} src/main.ts`;
