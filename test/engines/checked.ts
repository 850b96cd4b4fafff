import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "../commands/run-program.ts";

/** What `check` says of a source's table in an environment that names other servers in every variable there is. */
export async function checkedElsewhere(
  table: string,
  player: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-checked-"));
  try {
    const webhook = `[webhook]\nsecrets = ["a secret that is long enough"]\nsource = "one"\n`;
    writeFileSync(join(folder, "config.toml"), `${webhook}[sources.one]\n${table}\n`);
    const { stdout } = await runProgram(["check", "--player", player], { cwd: folder, environment });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
