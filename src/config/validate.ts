import * as v from "valibot";
import type { OptionsIssue, OptionsSchema } from "../plugin.ts";
import { didYouMean } from "../../plugins/shared/near-name.ts";
import { isOrdinaryKey } from "./masking.ts";
import type { Problem } from "./problem.ts";

export type Validated<Output> =
  | { readonly valid: true; readonly value: Output }
  | { readonly valid: false; readonly problems: readonly Problem[] };

/**
 * Checks a table against a schema and collects everything that is wrong with it. Any Standard Schema will do. The
 * structure of a valibot schema is known, so that every unknown and every missing key is named.
 */
export async function validate<Output>(
  schema: OptionsSchema<Output>,
  input: unknown,
): Promise<Validated<Output>> {
  const result = await schema["~standard"].validate(input);
  const issues = result.issues ?? [];
  const problems = distinct([
    ...unknownKeys(schema, input),
    ...issues.filter((issue) => !isUnknownKey(issue)).map((issue) => toProblem(issue, schema, input)),
  ]);
  if (problems.length > 0) return { valid: false, problems };
  if (result.issues !== undefined) return { valid: false, problems: [{ path: [], message: "not accepted" }] };
  return { valid: true, value: result.value };
}

/** A value that breaks several rules of one kind, such as the bounds of an integer, is one problem. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** The public properties of a valibot schema that are used here. */
const schemaShape = v.looseObject({
  type: v.string(),
  wrapped: v.optional(v.unknown()),
  entries: v.optional(v.record(v.string(), v.unknown())),
  options: v.optional(v.array(v.unknown())),
  item: v.optional(v.unknown()),
  value: v.optional(v.unknown()),
});

type Shape = v.InferOutput<typeof schemaShape>;

/** The schema's shape without its `optional`s, or `undefined` for a schema that is not valibot's. */
function shapeOf(schema: unknown): Shape | undefined {
  if (!v.is(schemaShape, schema)) return undefined;
  return schema.wrapped === undefined ? schema : shapeOf(schema.wrapped);
}

/** The keys that a table may have, or `undefined` if it may have any. */
function knownEntries(shape: Shape): Record<string, unknown> | undefined {
  if (shape.type === "object" || shape.type === "strict_object") return shape.entries;
  if (shape.type !== "union" && shape.type !== "variant") return undefined;
  const tables = (shape.options ?? []).flatMap((option) => {
    const optionShape = shapeOf(option);
    return optionShape?.entries === undefined ? [] : [optionShape];
  });
  const entries = tables.map((tableShape) => knownEntries(tableShape));
  return entries.length === 0 || entries.includes(undefined) ? undefined : Object.assign({}, ...entries);
}

function unknownKeys(schema: unknown, input: unknown, path: readonly string[] = []): Problem[] {
  const shape = shapeOf(schema);
  if (shape === undefined || typeof input !== "object" || input === null) return [];
  if (Array.isArray(input)) {
    return input.flatMap((item, index) => unknownKeys(shape.item, item, [...path, String(index)]));
  }
  const entries = knownEntries(shape) ?? shape.entries;
  const isOpen = knownEntries(shape) === undefined;
  return Object.entries(input).flatMap(([key, value]) => {
    const itemPath = [...path, key];
    if (entries !== undefined && Object.hasOwn(entries, key))
      return unknownKeys(entries[key], value, itemPath);
    if (isOpen) return unknownKeys(shape.value, value, itemPath);
    return [unknownKey([key, value], path, entries ?? {})];
  });
}

type Member = readonly [key: string, value: unknown];

function unknownKey(
  [key, value]: Member,
  path: readonly string[],
  known: Readonly<Record<string, unknown>>,
): Problem {
  const meant = itsTable([key, value], path, known) ?? didYouMean(key, Object.keys(known));
  if (meant !== "" || isOrdinaryKey(key)) return { path: [...path, key], message: `unknown key${meant}` };
  const message = `unknown key of ${key.length} characters, which is not shown: it may be a secret`;
  return { path: [...path, "****"], message };
}

/** Before the first heading of a TOML file a key belongs to no table; here, to which of them it could. */
function itsTable(
  [key, value]: Member,
  path: readonly string[],
  known: Readonly<Record<string, unknown>>,
): string | undefined {
  if (path.length > 0 || (typeof value === "object" && !Array.isArray(value))) return undefined;
  const [table] =
    Object.entries(known).find(([, schema]) => Object.hasOwn(shapeOf(schema)?.entries ?? {}, key)) ?? [];
  return table === undefined ? undefined : ` outside of a table; write it below [${table}]`;
}

/** An issue as valibot raises it, with more than the Standard Schema asks for. */
const valibotIssue = v.looseObject({
  type: v.string(),
  expected: v.nullable(v.string()),
  received: v.string(),
  message: v.string(),
});

/** valibot's own issue for the first key that a strict object does not know; `unknownKeys` has named them all. */
function isUnknownKey(issue: OptionsIssue): boolean {
  return v.is(valibotIssue, issue) && issue.type === "strict_object" && issue.expected === "never";
}

function toProblem(issue: OptionsIssue, schema: unknown, input: unknown): Problem {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  const last = path.at(-1);
  if (last !== undefined && v.is(valibotIssue, issue) && issue.expected === JSON.stringify(last)) {
    return { path, message: `missing; ${expectationAt(schema, path, input)}` };
  }
  return { path, message: withoutValue(issue) };
}

/** What a schema says about a missing key: the message of the value's own schema. */
function expectationAt(schema: unknown, path: readonly string[], input: unknown): string {
  const [key, ...rest] = path;
  const shape = shapeOf(schema);
  if (key !== undefined && shape !== undefined) {
    const value: unknown = typeof input === "object" && input !== null ? Reflect.get(input, key) : undefined;
    const next = shape.entries?.[key] ?? (Array.isArray(input) ? shape.item : shape.value);
    return expectationAt(next, rest, value);
  }
  if (!isValibotSchema(schema)) return "expected a value";
  const [issue] = v.safeParse(schema, input).issues ?? [];
  return issue === undefined ? "expected a value" : withoutValue(issue);
}

function isValibotSchema(schema: unknown): schema is v.GenericSchema {
  return v.is(
    v.looseObject({ kind: v.literal("schema"), "~run": v.function(), async: v.literal(false) }),
    schema,
  );
}

/** valibot's default messages end in the value, which may be a secret. */
function withoutValue(issue: { readonly message: string }): string {
  if (!v.is(valibotIssue, issue) || !issue.message.endsWith(`received ${issue.received}`))
    return issue.message;
  return issue.expected === null ? `invalid ${issue.type}` : `expected ${issue.expected}`;
}
