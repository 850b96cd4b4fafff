import * as v from "valibot";
import type { OptionsSchema } from "../plugin.ts";

/** One option of a plugin, as far as its schema describes it. */
export interface OptionDescription {
  /** `timeout_ms`, or `breaker.failures` within a table. */
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  /** The optional table that the option is required in, such as `auth.basic`. */
  readonly required_in?: string;
  readonly default?: unknown;
}

/** The public properties of valibot's schemas and actions that are read here. */
const part = v.looseObject({
  kind: v.picklist(["schema", "validation", "transformation", "metadata"]),
  type: v.string(),
});

type Part = v.InferOutput<typeof part>;

/** What valibot calls a type, and what a person calls it. */
const TYPE_NAMES = new Map([
  ["string", "text"],
  ["boolean", "true or false"],
  ["bigint", "integer"],
  ["array", "list"],
  ["object", "table"],
  ["strict_object", "table"],
  ["loose_object", "table"],
  ["record", "table"],
  ["date", "date"],
  ["unknown", "anything"],
  ["any", "anything"],
]);

const TABLES: ReadonlySet<string> = new Set(["object", "strict_object", "loose_object"]);

/**
 * The options that a valibot schema asks for, in its order. `undefined` for a schema of another library: the Standard
 * Schema does not show its structure.
 */
export function describeOptions(schema: OptionsSchema<unknown>): readonly OptionDescription[] | undefined {
  return v.is(part, schema) && TABLES.has(schema.type) ? describeEntries(schema, []) : undefined;
}

function describeEntries(table: Part, path: readonly string[], optionalTable?: string) {
  const { entries } = table;
  if (!v.is(v.record(v.string(), part), entries)) return [];
  return Object.entries(entries).flatMap(([key, entry]) =>
    describeOption([...path, key], entry, optionalTable),
  );
}

function describeOption(
  path: readonly string[],
  entry: Part,
  optionalTable: string | undefined,
): readonly OptionDescription[] {
  const { inner, isOptional, byDefault } = unwrap(entry);
  const name = path.join(".");
  if (TABLES.has(inner.type)) return describeEntries(inner, path, isOptional ? name : optionalTable);
  const isRequired = !isOptional;
  return [
    {
      name,
      type: typeName(inner),
      required: isRequired && optionalTable === undefined,
      ...(isRequired && optionalTable !== undefined ? { required_in: optionalTable } : undefined),
      ...(byDefault === undefined ? undefined : { default: byDefault }),
    },
  ];
}

interface Unwrapped {
  readonly inner: Part;
  readonly isOptional: boolean;
  readonly byDefault: unknown;
}

/** A schema without its `optional`, `nullish` and the like. */
function unwrap(schema: Part, isOptional = false, outerDefault?: unknown): Unwrapped {
  const byDefault = outerDefault ?? (typeof schema["default"] === "function" ? undefined : schema["default"]);
  const { wrapped } = schema;
  return v.is(part, wrapped)
    ? unwrap(wrapped, isOptional || schema.type !== "nullable", byDefault)
    : { inner: schema, isOptional, byDefault };
}

function typeName(schema: Part): string {
  const { options, literal, item } = schema;
  if (schema.type === "number") return isInteger(schema) ? "integer" : "number";
  if (schema.type === "literal") return JSON.stringify(literal);
  if (schema.type === "array" && v.is(part, item)) return `list of ${typeName(unwrap(item).inner)}`;
  if (v.is(v.array(part), options))
    return options.map((option) => typeName(unwrap(option).inner)).join(" or ");
  if (v.is(v.array(v.string()), options)) return options.map((option) => JSON.stringify(option)).join(" or ");
  return TYPE_NAMES.get(schema.type) ?? expectation(schema) ?? "anything";
}

function isInteger({ pipe, ...schema }: Part): boolean {
  const messages = v.is(v.array(part), pipe) ? [schema, ...pipe] : [schema];
  return messages.some(
    ({ type, message }) => type === "integer" || (typeof message === "string" && /\binteger\b/.test(message)),
  );
}

/** A type that only the schema's own message names: `expected a table such as …`. */
function expectation({ message }: Part): string | undefined {
  return typeof message === "string" ? message.replace(/^expected (?:an? )?/, "") : undefined;
}
