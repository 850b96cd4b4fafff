import * as v from "valibot";
import { type Dialect, parseQuery } from "./parameters.ts";

/** The option `query`: an operator's SELECT, taken apart. */
export function queryOption(dialect: Dialect) {
  return v.pipe(
    v.string("expected a SELECT with :player_id"),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parseQuery(dataset.value, dialect);
      } catch (error) {
        addIssue({ message: error instanceof Error ? error.message : String(error) });
        return NEVER;
      }
    }),
  );
}
