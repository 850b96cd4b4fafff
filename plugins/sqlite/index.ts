import { resolve } from "node:path";
import * as v from "valibot";
import type { SourcePlugin } from "../../src/plugin.ts";
import { ownDatabaseKind } from "./own/open.ts";
import { addColumn, impliedExponent } from "../shared/implied-exponent.ts";
import { integer } from "../shared/integer.ts";
import { SQLITE } from "../shared/query/dialect.ts";
import { queryOption } from "../shared/query/parameters.ts";
import { operatorsDatabase } from "./query/reader.ts";
import { rehearseQuery } from "./query/rehearse.ts";
import { rehearseOwn } from "./own/rehearse.ts";
import { openFileSource } from "./file/source.ts";

export { withPlayers } from "./players.ts";

const options = v.pipe(
  v.strictObject({
    /** The database, relative to the folder of the configuration. Made on first use if there is no `query`. */
    file: v.pipe(v.string("expected the path of a database"), v.nonEmpty("expected the path of a database")),
    /** A SELECT over a database of the operator's own, which is then only read. */
    query: v.optional(queryOption(SQLITE)),
    /** The decimals that a REAL is rounded to, half even; a text and an integer are exact and stay as they are. */
    round: v.optional(integer(0, 18)),
  }),
  v.forward(
    v.partialCheck(
      [["query"], ["round"]],
      ({ query, round }) => round === undefined || query !== undefined,
      "expected no round: it belongs to `query`",
    ),
    ["round"],
  ),
);

/** What `init --source sqlite` begins with. */
export const starter = {
  table: `plugin = "sqlite"
file = "balances.db"        # made and kept by "klas-balance players"
# query = "SELECT balance FROM accounts WHERE id = :player_id"    # or: read a database of yours`,
  database: "balances.db",
  nextSteps: [],
};

/**
 * Spec 3.1: balances in an SQLite file. `own/` is klas-balance's own database, `query/` the operator's, `file/` what
 * both need because others write, replace, link and lock the file; `players.ts` is the door for the `players`
 * commands.
 */
export default {
  apiVersion: 1,
  options,
  open({ file, query, round }, context) {
    const { directory, log, isRehearsal } = context;
    const path = resolve(directory, file);
    if (query === undefined) {
      return isRehearsal ? rehearseOwn(path, context) : openFileSource(path, ownDatabaseKind(context), log);
    }
    const reading = { round, implied: impliedExponent(context, addColumn) };
    if (isRehearsal) return rehearseQuery(path, query, reading, log);
    return openFileSource(path, operatorsDatabase(query, reading), log);
  },
} satisfies SourcePlugin<v.InferOutput<typeof options>>;
