import type { IdType } from "../shared/engine-options.ts";
import { POSTGRES } from "../shared/query/dialect.ts";
import { looseComparison } from "../shared/query/loose.ts";
import type { Query } from "../shared/query/parameters.ts";

/** Stands for the id in a text; no query holds it. */
const ID = "\u{e000}";
const INTEGERS = "bigint|int8|integer|int4|int|smallint|int2";
const CAST = new RegExp(
  `${ID}\\s*::\\s*(${INTEGERS}|uuid)\\b(?!\\s*\\[)|\\bCAST\\s*\\(\\s*${ID}\\s+AS\\s+(${INTEGERS}|uuid)\\s*\\)`,
  "gi",
);

/**
 * The type of id that a query says by casting `:player_id` wherever it stands, as `:player_id::bigint`. By the cast alone
 * `042` would be 42; as an `id_type` it is nobody.
 */
export function castType(query: Query): Exclude<IdType, "text"> | undefined {
  const text = marked(query);
  const types = [...text.matchAll(CAST)].map(([, colons, cast]) => (colons ?? cast ?? "").toLowerCase());
  const [first] = types;
  const isUuid = first === "uuid";
  if (first === undefined || types.some((type) => (type === "uuid") !== isUuid)) return undefined;
  if (types.length !== text.split(ID).length - 1) return undefined;
  return isUuid ? "uuid" : "bigint";
}

/** By what the query takes one id of such a type for another, such as `>=`. The casts of the id itself do not. */
export function looseBesidesCast(query: Query): string | undefined {
  return looseComparison(marked(query).replace(CAST, ID), ID, POSTGRES);
}

function marked(query: Query): string {
  return query.render((parameter) => (parameter === "player_id" ? ID : "NULL"));
}
