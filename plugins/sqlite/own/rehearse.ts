import { existsSync } from "node:fs";
import type { OpenContext, Source } from "../../../src/plugin.ts";
import { assertPlace } from "../file/failure.ts";
import { behindLinks } from "../file/identity.ts";
import { removeUnusedIndex } from "../file/log-file.ts";
import { isUpToDate } from "./migrate.ts";
import { closeRead, connect, openReads } from "./open.ts";
import { openFileSource, type DatabaseReader } from "../file/source.ts";

/**
 * klas-balance's own database as `check` looks at it. It is neither made nor migrated; if it would be, there is a
 * warning.
 */
export async function rehearseOwn(
  file: string,
  { log, exponentOf }: Pick<OpenContext, "log" | "exponentOf">,
): Promise<Source> {
  assertPlace(file, { mustExist: false });
  const missing = await whatIsMissing(behindLinks(file));
  if (missing !== undefined) {
    log.warn(missing);
    return { lookup: () => null, state: () => ({ not_made_yet: true }) };
  }
  const open = async (path: string): Promise<DatabaseReader> => {
    const reads = await openReads(path, exponentOf);
    return {
      read: reads.read,
      renew: reads.renew,
      usesLog: () => true,
      close() {
        reads.close();
        removeUnusedIndex(path);
      },
    };
  };
  return openFileSource(file, { open, reopen: (_known, { path }) => open(path) }, log);
}

async function whatIsMissing(file: string): Promise<string | undefined> {
  if (!existsSync(file)) {
    return `${file} does not exist yet: \`serve\` makes it, and it will hold no players`;
  }
  removeUnusedIndex(file);
  let isReady = false;
  const database = await connect(file, { readonly: true }, (opened) => {
    isReady = isUpToDate(opened, file);
  });
  closeRead(database, file);
  return isReady ? undefined : `${file} holds no players table of this version yet: \`serve\` makes it`;
}
