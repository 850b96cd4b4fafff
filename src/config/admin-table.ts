import * as v from "valibot";
import { isTable, interpolate } from "./interpolate.ts";
import { type Config, parseToml, readConfigFile, readUtf8, type Variables } from "./load.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { adminSchema } from "./schema.ts";
import { validate } from "./validate.ts";

/** How the running server is asked, whatever else is wrong with the file: then it is asked most. */
export interface AdminTable {
  readonly file: string;
  readonly admin: Config["admin"];
  /** What is wrong elsewhere in the file. */
  readonly problems: readonly Problem[];
}

/** Throws a `ConfigError` only for problems of the table itself, or if there is no file to read. */
export async function readAdminTable(file: string, variables: Variables): Promise<AdminTable> {
  const reading = await readConfigFile(file, variables);
  if (reading.valid) return { file, admin: reading.config.admin, problems: [] };
  const { sources, problems } = reading;
  const inserted: string[] = [];
  const own: Problem[] = [];
  const origins = { variables, directory: sources.directory, values: inserted, files: [] };
  const admin = interpolate(tableIn(file, await readUtf8(file)), origins, own, ["admin"]);
  const validated = await validate(v.object({ admin: v.optional(adminSchema) }), { admin });
  if (own.length > 0) throw new ConfigError({ file, inserted }, own);
  if (!validated.valid) throw new ConfigError({ file, inserted }, validated.problems);
  return { file, admin: validated.value.admin, problems };
}

/** From the heading to the next one. */
const SECTION = /^[ \t]*\[[ \t]*admin[ \t]*\][ \t]*(?:#.*)?$(?:\r?\n(?![ \t]*\[).*)*/m;

/** As it is written; read from its own text alone if the file as a whole is not TOML. */
function tableIn(file: string, text: string): unknown {
  try {
    return adminIn(parseToml(file, text));
  } catch (error) {
    const [section] = SECTION.exec(text) ?? [];
    if (section === undefined || !(error instanceof ConfigError)) throw error;
    try {
      return adminIn(parseToml(file, section));
    } catch {
      // It counts its lines from the heading; the problem of the file as a whole names the right one.
      throw error;
    }
  }
}

function adminIn(parsed: unknown): unknown {
  return isTable(parsed) ? parsed["admin"] : undefined;
}
