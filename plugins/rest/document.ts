import type { Options } from "./options.ts";

/**
 * Reads an answer as a tree of tables, lists and texts. Numbers stay the text that they were written as:
 * as floats they would lose digits. Throws where the text is not of the format.
 */
export const PARSERS = {
  json: (text: string): unknown => JSON.parse(text, keepNumberText),
  xml: (text: string): unknown => Bun.XML.parse(text),
  text: (text: string): unknown => text,
} satisfies Record<Options["format"], (text: string) => unknown>;

/** `context` is optional only because TypeScript's library does not know it yet (ECMAScript 2026). */
function keepNumberText(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === "number" ? context?.source : value;
}

/** The text of a value: of an XML element with attributes, its character data; `undefined` for tables, lists and null. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim();
  if (typeof value === "boolean") return String(value);
  if (typeof value === "object" && value !== null && "#text" in value) return textOf(value["#text"]);
  return undefined;
}
