import * as v from "valibot";
import { BOUNDS_NOTHING, boundsReplicas, sqlEngineOptions } from "../shared/engine-options.ts";
import { MYSQL } from "../shared/query/dialect.ts";

const DEFAULT_PORT = 3306;

const { query, ...others } = sqlEngineOptions(DEFAULT_PORT, MYSQL);

/** Spec 3.3: every option, its bounds and its default. There is no table of our own here, so `query` is needed. */
export const optionsSchema = v.pipe(
  v.strictObject({ ...others, query: v.nonOptional(query) }, "expected a table"),
  v.forward(v.partialCheck([["role"], ["max_staleness_ms"]], boundsReplicas, BOUNDS_NOTHING), [
    "max_staleness_ms",
  ]),
  v.forward(
    v.partialCheck(
      [["pooler"], ["max_staleness_ms"]],
      ({ pooler, max_staleness_ms }) => !pooler || max_staleness_ms === undefined,
      "expected no max_staleness_ms: behind a pooler nobody knows which server answers",
    ),
    ["max_staleness_ms"],
  ),
);

export type Options = v.InferOutput<typeof optionsSchema>;
