import type { IdType } from "../shared/engine-options.ts";
import type { KeyType } from "../shared/player-key.ts";
import { POSTGRES } from "../shared/query/dialect.ts";
import { looseComparison } from "../shared/query/loose.ts";
import type { Query } from "../shared/query/parameters.ts";
import { ifKnown } from "./loose-ids.ts";
import type { Run } from "./run.ts";

/** Stands for the id in a text; no query holds it. */
const ID = "\u{e000}";
const INTEGERS = "bigint|int8|integer|int4|int|smallint|int2";
const WIDEST: ReadonlySet<string> = new Set(["bigint", "int8"]);
const CAST = new RegExp(
  `${ID}\\s*::\\s*(${INTEGERS}|uuid)\\b(?!\\s*\\[)|\\bCAST\\s*\\(\\s*${ID}\\s+AS\\s+(${INTEGERS}|uuid)\\s*\\)`,
  "gi",
);

/**
 * The type of id that a query says by casting `:player_id` wherever it stands, as `:player_id::bigint`. By the cast alone
 * `042` would be 42; as an `id_type` it is nobody.
 */
export function castType(query: Query): Exclude<IdType, "text"> | undefined {
  const casts = castsIn(query);
  if (casts.length === 0) return undefined;
  if (casts.every((cast) => cast === "uuid")) return "uuid";
  return casts.includes("uuid") ? undefined : "bigint";
}

/**
 * The widest integer to which the query casts the id wherever it stands. A number that is too large for it is nobody,
 * but to the server it would be a failure of the whole batch. It is asked how wide they are: the `int` of CockroachDB
 * has 64 bits.
 */
export async function castWidth(run: Run, query: Query): Promise<KeyType> {
  const casts = castsIn(query);
  if (castType(query) !== "bigint" || casts.some((cast) => WIDEST.has(cast))) return "bigint";
  const text = `SELECT ${casts.map((cast) => `pg_typeof(0::${cast})::text`).join(", ")}`;
  const answered = await ifKnown(run([{ text, parameters: [] }]));
  const types = answered?.[0]?.rows[0] ?? ["unknown"];
  const isAmong = (...names: readonly unknown[]) => types.every((type) => names.includes(type));
  if (isAmong("smallint")) return "smallint";
  return isAmong("smallint", "integer") ? "integer" : "bigint";
}

/** The types to which the id is cast; none if it also stands without a cast. */
function castsIn(query: Query): readonly string[] {
  const text = marked(query);
  const casts = [...text.matchAll(CAST)].map(([, colons, cast]) => (colons ?? cast ?? "").toLowerCase());
  return casts.length === text.split(ID).length - 1 ? casts : [];
}

/** By what the query takes one id of such a type for another, such as `>=`. The casts of the id itself do not. */
export function looseBesidesCast(query: Query): string | undefined {
  return looseComparison(marked(query).replace(CAST, ID), ID, POSTGRES);
}

function marked(query: Query): string {
  return query.render((parameter) => (parameter === "player_id" ? ID : "NULL"));
}
