import * as v from "valibot";
import type { SourceLog } from "../../src/plugin.ts";
import { HostProblem } from "../shared/lanes/lane.ts";
import type { Host } from "../shared/lanes/host.ts";
import { givesId } from "./one-by-one.ts";
import type { Run } from "./run.ts";
import { isLost } from "./server-error.ts";
import { NOTHING, type Rows, type Step } from "./statement.ts";

/**
 * What makes two texts equal that are not the same: collations that the query names, and columns of such a collation in
 * the tables of its plan, or in a view or table that it names.
 */
const LOOSE = `WITH loose AS (SELECT oid, collname::text FROM pg_collation WHERE NOT collisdeterministic)
SELECT collname, attrelid::regclass::text || '.' || attname FROM loose JOIN pg_attribute ON attcollation = loose.oid
JOIN pg_class ON attrelid = pg_class.oid AND relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT attisdropped
JOIN pg_namespace ON relnamespace = pg_namespace.oid
WHERE relname = ANY ($3::text[]) OR (nspname, relname) IN (SELECT * FROM unnest($1::text[], $2::text[]))
UNION ALL SELECT collname, NULL FROM loose WHERE collname = ANY ($3::text[]) LIMIT 1`;

/** The type that is compared without case. Its columns are harmless until a query casts to it. */
const CITEXT = /::(?:\w+\.|"[^"]+"\.)?citext\b/;

/** What makes one text of several ids, or a pattern of one. */
const ALTERED = /\b(?:lower|upper|initcap|[blr]?trim)\(|~/i;

/**
 * Sees to it that the server does not answer `abc` with the row of `Abc` while no column of the query would show it:
 * throws if the server takes the two for equal, and warns if the query itself does. The tables and conditions are those
 * of the server's own plan, so views are seen through; what a function compares is not seen.
 */
export async function vetIds(
  run: Run,
  host: Host,
  {
    statement,
    columns,
    log,
  }: { readonly statement: Step; readonly columns: Rows["columns"]; readonly log: SourceLog },
): Promise<void> {
  if (givesId(columns)) return;
  const findings = await examine(run, statement).catch((error: unknown) => {
    // Others who speak the protocol have other plans and catalogues.
    if (isLost(error)) throw error;
    return undefined;
  });
  if (findings?.loose !== undefined) {
    throw new HostProblem(
      `${host.name} needs the stored id among the columns of \`query\`, as player_id: ${findings.loose} takes ids for equal that are not the same, such as abc and Abc`,
      { mayPass: false },
    );
  }
  if (findings?.isAltered === true) {
    log.warn(
      `${host.name}: \`query\` compares another form of the id, so that a player may get the balance of one whose id differs in case or the like: let it yield the stored id as player_id`,
    );
  }
}

async function examine(run: Run, { text, parameters }: Step) {
  const [{ rows } = NOTHING] = await run([{ text: `EXPLAIN (VERBOSE, FORMAT JSON) ${text}`, parameters }]);
  const plan = readPlan(rows[0]?.[0]);
  return {
    loose: await looselyCompared(run, plan, text),
    isAltered: plan.texts.some((each) => each.includes("klas_balance_player_id") && ALTERED.test(each)),
  };
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
  /** Its conditions and whatever else it says. */
  readonly texts: readonly string[];
}

const scan = v.object({ Schema: v.string(), "Relation Name": v.string() });

function readPlan(given: unknown): Plan {
  const tables: { schema: string; name: string }[] = [];
  const texts: string[] = [];
  function walk(node: unknown): void {
    if (typeof node === "string") texts.push(node);
    if (typeof node !== "object" || node === null) return;
    if (v.is(scan, node)) tables.push({ schema: node.Schema, name: node["Relation Name"] });
    for (const inner of Object.values(node)) walk(inner);
  }
  walk(typeof given === "string" ? JSON.parse(given) : given);
  return { tables, texts };
}
