import { resolve } from "node:path";
import * as v from "valibot";
import type { SourcePlugin } from "../../src/plugin.ts";
import { ownDatabase } from "./own/open.ts";
import { operatorsDatabase } from "./query/reader.ts";
import { rehearseOwn } from "./own/rehearse.ts";
import { openFileSource } from "./file/source.ts";

export { withPlayers } from "./players.ts";
export { starter } from "./starter.ts";

const options = v.strictObject({
  /** The database, from the folder of the configuration on. Made on first use where there is no `query`. */
  file: v.pipe(v.string("expected the path of a database"), v.nonEmpty("expected the path of a database")),
  /** A SELECT over a database of the operator's own, which is then only read. */
  query: v.optional(
    v.pipe(
      v.string("expected a SELECT with :player_id"),
      v.includes(":player_id", "expected a SELECT with :player_id"),
    ),
  ),
});

/** Spec 3.1: balances in an SQLite file, klas-balance's own or the operator's. */
export default {
  apiVersion: 1,
  options,
  open({ file, query }, context) {
    const { directory, log, isRehearsal } = context;
    const path = resolve(directory, file);
    if (query !== undefined) return openFileSource(path, operatorsDatabase(query), log);
    return isRehearsal ? rehearseOwn(path, context) : openFileSource(path, ownDatabase(context), log);
  },
} satisfies SourcePlugin<v.InferOutput<typeof options>>;
