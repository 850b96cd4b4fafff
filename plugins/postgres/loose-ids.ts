import { SQL } from "bun";
import * as v from "valibot";
import type { SourceLog } from "../../src/plugin.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import type { Host } from "../shared/lanes/host.ts";
import { POSTGRES } from "../shared/query/dialect.ts";
import { looseComparison, needsId } from "../shared/query/loose.ts";
import type { Query } from "../shared/query/parameters.ts";
import type { Run } from "./run.ts";
import { isLost } from "./server-error.ts";
import { NOTHING, type Step } from "./statement.ts";

/**
 * Finds what makes two texts equal that are not the same: a collation that the query names, or a column with such a
 * collation in a table of its plan, or in a view or table that it names.
 */
const LOOSE = `WITH loose AS (SELECT oid, collname::text FROM pg_collation WHERE NOT collisdeterministic)
SELECT collname, attrelid::regclass::text || '.' || attname FROM loose JOIN pg_attribute ON attcollation = loose.oid
JOIN pg_class ON attrelid = pg_class.oid AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT attisdropped
JOIN pg_namespace ON relnamespace = pg_namespace.oid
WHERE relname = ANY ($3::text[]) OR (nspname, relname) IN (SELECT * FROM unnest($1::text[], $2::text[]))
UNION ALL SELECT collname, NULL FROM loose WHERE collname = ANY ($3::text[]) LIMIT 1`;

/** The type that is compared without case. Its columns are harmless until the query casts to it, because the id is text. */
const CITEXT = /::(?:\w+\.|"[^"]+"\.)?citext\b/;

/**
 * Sees to it that nobody is answered with the row of another player whose id is similar, while no column of the query
 * shows it: throws if the query takes two ids for one, or the server does. The tables and conditions are those of
 * the server's own plan, so views are seen through; what a function compares is not seen.
 */
export async function vetIds(run: Run, host: Host, { query, statement, log }: Vetted): Promise<void> {
  const plan = await ifKnown(planOf(run, statement));
  const by = query.looseBy ?? plan?.texts.map(comparison).find((each) => each !== undefined);
  if (by !== undefined) {
    const further = /::|CAST/.test(by) ? ", or leave the cast out and set id_type" : "";
    throw new HostProblem(`${host.name}: ${needsId(by)}${further}`, { mayPass: false });
  }
  const loose = await ifKnown(looselyCompared(run, plan ?? NO_PLAN, statement.text));
  if (loose !== undefined) {
    throw new HostProblem(
      `${host.name} needs the stored id among the columns of \`query\`, as player_id: ${loose} takes ids for equal that are not the same, such as abc and Abc`,
      { mayPass: false },
    );
  }
  if (plan === undefined) {
    log.warn(
      `${host.name} does not tell how it runs \`query\`, so only its text shows whether it takes one id for another: let it yield the stored id as player_id`,
    );
  }
}

interface Vetted {
  readonly query: Query;
  readonly statement: Step;
  readonly log: Pick<SourceLog, "warn">;
}

/** Others who speak the protocol have other plans and catalogues: `undefined` if the server does not take a statement. */
export async function ifKnown<Found>(asked: Promise<Found>): Promise<Found | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof SQL.SQLError) || isLost(error)) throw error;
    return undefined;
  }
}

function comparison(text: string): string | undefined {
  return looseComparison(text, "klas_balance_player_id", POSTGRES);
}

async function planOf(run: Run, { text, parameters }: Step): Promise<Plan | undefined> {
  const [{ rows } = NOTHING] = await run([{ text: `EXPLAIN (VERBOSE, FORMAT JSON) ${text}`, parameters }]);
  const given = rows[0]?.[0];
  if (typeof given !== "string") return readPlan(given);
  try {
    return readPlan(JSON.parse(given));
  } catch {
    return undefined;
  }
}

async function looselyCompared(run: Run, { tables, texts }: Plan, text: string): Promise<string | undefined> {
  if (texts.some((each) => CITEXT.test(each))) return "the type citext";
  const used = [tables.map(({ schema }) => schema), tables.map(({ name }) => name), wordsOf(text)];
  const [{ rows } = NOTHING] = await run([{ text: LOOSE, parameters: used }]);
  const [collation, column] = rows[0] ?? [];
  if (typeof collation !== "string") return undefined;
  return typeof column === "string"
    ? `the collation ${collation} of ${column}`
    : `the collation ${collation}`;
}

/** Every word may be a name, which is in lower case unless it is quoted. */
function wordsOf(text: string): readonly string[] {
  const words = text.match(/[\p{L}_][\p{L}\p{N}_$]*/gu) ?? [];
  return [...new Set(words.flatMap((word) => [word, word.toLowerCase()]))];
}

interface Plan {
  readonly tables: readonly { readonly schema: string; readonly name: string }[];
  /** The conditions of each of its nodes, all of which hold, and whatever else it says. */
  readonly texts: readonly string[];
}

const scan = v.object({ Schema: v.string(), "Relation Name": v.string() });

const NO_PLAN: Plan = { tables: [], texts: [] };

function readPlan(given: unknown): Plan {
  const tables: { schema: string; name: string }[] = [];
  const texts: string[] = [];
  function walk(node: unknown): void {
    if (typeof node !== "object" || node === null) return;
    if (v.is(scan, node)) tables.push({ schema: node.Schema, name: node["Relation Name"] });
    const inner: unknown[] = Object.values(node);
    texts.push(
      inner
        .flat()
        .filter((each) => typeof each === "string")
        .join(" AND "),
    );
    for (const each of inner) walk(each);
  }
  walk(given);
  return { tables, texts };
}
