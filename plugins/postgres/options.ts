import * as v from "valibot";
import { BOUNDS_NOTHING, boundsReplicas, sqlEngineOptions } from "../shared/engine-options.ts";
import { POSTGRES } from "../shared/query/dialect.ts";

const DEFAULT_PORT = 5432;

/** Spec 3.3: every option, its bounds and its default. */
export const optionsSchema = v.pipe(
  v.strictObject(sqlEngineOptions(DEFAULT_PORT, POSTGRES), "expected a table"),
  v.forward(v.partialCheck([["role"], ["max_staleness_ms"]], boundsReplicas, BOUNDS_NOTHING), [
    "max_staleness_ms",
  ]),
  v.forward(
    v.partialCheck(
      [["id_type"], ["query"]],
      ({ id_type, query }) => id_type === "text" || query !== undefined,
      'expected no id_type: without `query`, ids are "text"',
    ),
    ["id_type"],
  ),
);

export type Options = v.InferOutput<typeof optionsSchema>;
