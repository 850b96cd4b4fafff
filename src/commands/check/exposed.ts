import { stat } from "node:fs/promises";
import type { Config } from "../../config/load.ts";
import { literalSecrets } from "../config/shown.ts";
import type { ReportFinding } from "./report.ts";

/** Read or write, by all users. */
const OTHERS = 0o006;

/** What a service manager or a container mounts there has the mode that they gave it. */
const MOUNTED = /^(?:\/var)?\/run\//;

/** Warns of secrets that every user of the machine can read: in files of their own, or in the configuration itself. */
export async function reportExposed(config: Config, report: ReportFinding): Promise<void> {
  for (const file of new Set(config.insertedFiles)) {
    if (MOUNTED.test(file) || !(await isOpenToOthers(file))) continue;
    report("warning", `every user of this machine can read ${file}: chmod o= ${file}`);
  }
  const places = literalSecrets(config);
  if (places.length === 0 || !(await isOpenToOthers(config.file))) return;
  report(
    "warning",
    `every user of this machine can read ${config.file}, and what ${places.join(", ")} holds may be a secret: chmod o= ${config.file}`,
  );
}

async function isOpenToOthers(file: string): Promise<boolean> {
  const found = await stat(file);
  return found.isFile() && (found.mode & OTHERS) !== 0;
}
