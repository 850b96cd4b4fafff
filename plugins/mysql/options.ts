import * as v from "valibot";
import { sqlEngineOptions } from "../shared/engine-options.ts";
import { MYSQL } from "../shared/query/parameters.ts";

const DEFAULT_PORT = 3306;

const { query, ...others } = sqlEngineOptions(DEFAULT_PORT, MYSQL);

/** Spec 3.3: every option, its bounds and its default. There is no table of our own here, so `query` is needed. */
export const optionsSchema = v.strictObject({ ...others, query: v.nonOptional(query) }, "expected a table");

export type Options = v.InferOutput<typeof optionsSchema>;
