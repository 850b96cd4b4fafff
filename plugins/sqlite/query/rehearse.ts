import type { Source, SourceLog } from "../../../src/plugin.ts";
import type { Query } from "../../shared/query/parameters.ts";
import { openFileSource } from "../file/source.ts";
import { operatorsDatabase } from "./reader.ts";
import type { QueryOptions } from "./row.ts";

/** The operator's database as `check` looks at it. It also warns of answers that may be wrong. */
export async function rehearseQuery(
  file: string,
  query: Query,
  { round, implied }: Pick<QueryOptions, "round" | "implied">,
  log: SourceLog,
): Promise<Source> {
  const warned = new Set<string>();
  function warn(warning: string): void {
    if (!warned.has(warning)) log.warn(warning);
    warned.add(warning);
  }
  return await openFileSource(file, operatorsDatabase(query, { round, implied, warn }), log);
}
