import * as v from "valibot";
import { sqlEngineOptions } from "../shared/engine-options.ts";
import { integer } from "../shared/integer.ts";
import { POSTGRES } from "../shared/query/parameters.ts";

const DEFAULT_PORT = 5432;
const MAX_STALENESS_MS = 86_400_000;

/** Spec 3.3: every option, its bounds and its default. */
export const optionsSchema = v.pipe(
  v.strictObject(
    {
      ...sqlEngineOptions(DEFAULT_PORT, POSTGRES),
      max_staleness_ms: v.optional(integer(1, MAX_STALENESS_MS)),
    },
    "expected a table",
  ),
  v.forward(
    v.partialCheck(
      [["role"], ["max_staleness_ms"]],
      ({ role, max_staleness_ms }) => role === "any" || max_staleness_ms === undefined,
      'expected no max_staleness_ms: without role = "any" no replica is asked',
    ),
    ["max_staleness_ms"],
  ),
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
