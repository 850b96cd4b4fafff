import type { BalanceQuery } from "../../src/plugin.ts";
import { didYouMean } from "../shared/near-name.ts";

/** Text with placeholders, parsed once: literal text, and readers of the query's fields. */
export type Template = readonly Part[];
type Part = string | Reader;
type Reader = (query: BalanceQuery) => string;

const READERS = new Map<string, Reader>([
  ["player_id", (query) => query.playerId],
  ["session_id", (query) => query.sessionId],
  ["request_id", (query) => query.requestId],
]);

/** A doubled brace is a literal one. A single brace outside of a placeholder is a mistake. */
const TOKEN = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** What is wrong with the text of a template, or `undefined`. */
export function templateProblem(text: string): string | undefined {
  for (const [token, name] of text.matchAll(TOKEN)) {
    if (name !== undefined && !READERS.has(name)) {
      return `unknown placeholder {${name}}${didYouMean(name, [...READERS.keys()])}`;
    }
    if (token === "{" || token === "}")
      return "expected a closed placeholder; a literal brace is written {{ or }}";
  }
  return undefined;
}

/** Parses a template. `templateProblem` has checked the text before. */
export function compileTemplate(text: string): Template {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const [token, name] = match;
    const reader = READERS.get(name ?? "");
    parts.push(text.slice(end, match.index), reader ?? token.slice(0, 1));
    end = match.index + token.length;
  }
  parts.push(text.slice(end));
  return joinLiterals(parts);
}

/** The template of the JSON text of a table whose strings are templates. Keys are taken literally. */
export function compileJsonTemplate(value: unknown): Template {
  const parts: Part[] = [];
  pushJson(value, parts);
  return joinLiterals(parts);
}

function pushJson(value: unknown, parts: Part[]): void {
  if (typeof value === "string") {
    const text = compileTemplate(value).map((part) => (typeof part === "string" ? jsonText(part) : part));
    parts.push('"', ...text, '"');
  } else if (Array.isArray(value)) {
    parts.push("[");
    for (const [index, item] of value.entries()) {
      if (index > 0) parts.push(",");
      pushJson(item, parts);
    }
    parts.push("]");
  } else if (typeof value === "object" && value !== null) {
    parts.push("{");
    for (const [index, [key, member]] of Object.entries(value).entries()) {
      parts.push(index > 0 ? "," : "", JSON.stringify(key), ":");
      pushJson(member, parts);
    }
    parts.push("}");
  } else {
    parts.push(JSON.stringify(value));
  }
}

function joinLiterals(parts: Template): Template {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === "string" && typeof last === "string") joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

/** True if the text is the same for every query. */
export function isFixed(template: Template): boolean {
  return template.every((part) => typeof part === "string");
}

/** Fills in a query; `encode` is applied to what comes from it and never to the literal text. */
export function render(template: Template, query: BalanceQuery, encode: (text: string) => string): string {
  let text = "";
  for (const part of template) text += typeof part === "string" ? part : encode(part(query));
  return text;
}

/** Text as it stands between the quotes of a JSON string. */
export function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
