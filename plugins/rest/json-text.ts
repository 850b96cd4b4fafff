import type { Pointer } from "./pointer.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const LIST = 0x5b;
const LIST_END = 0x5d;
const TABLE = 0x7b;
const TABLE_END = 0x7d;
const SPACE = 0x20;

/** A name that an object has twice. */
export interface Doubled {
  readonly doubledName: string;
}

/** The text that the value at a pointer was written as; `undefined` if nothing is there. */
export type JsonSources = (pointer: Pointer) => string | Doubled | undefined;

/**
 * Reads values of a JSON text as they were written. As a float a number would lose digits, and to have the parser tell the
 * source of every value costs more than to look for the few that matter.
 *
 * If an object on the way has a name twice, that is told instead. JSON leaves open which of the two counts (RFC 8259,
 * section 4): parsers take the last, and the core may mean the other. Throws if it is not JSON.
 */
export function jsonSources(json: string): JsonSources {
  // What follows takes for granted that the text is sound.
  JSON.parse(json);
  return (pointer) => {
    let at = afterBlanks(json, 0);
    for (const token of pointer) {
      const found = memberAt(json, at, token);
      if (typeof found !== "number") return found;
      at = found;
    }
    return json.slice(at, valueEnd(json, at));
  };
}

/** Where a member of the object or list at `at` begins. */
function memberAt(json: string, at: number, token: string): number | Doubled | undefined {
  const opening = json.charCodeAt(at);
  if (opening === TABLE) return namedAt(json, at, token);
  return opening === LIST ? itemAt(json, at, token) : undefined;
}

/** Looks at all of an object's names: one that comes later may be the same. */
function namedAt(json: string, at: number, token: string): number | Doubled | undefined {
  let found: number | undefined;
  let next = afterBlanks(json, at + 1);
  while (json.charCodeAt(next) === QUOTE) {
    const end = stringEnd(json, next);
    const valueAt = afterBlanks(json, afterBlanks(json, end) + 1);
    if (stringOf(json.slice(next, end)) === token) {
      if (found !== undefined) return { doubledName: token };
      found = valueAt;
    }
    next = afterComma(json, valueEnd(json, valueAt));
  }
  return found;
}

function itemAt(json: string, at: number, token: string): number | undefined {
  let next = afterBlanks(json, at + 1);
  for (let index = 0; json.charCodeAt(next) !== LIST_END; index += 1) {
    if (String(index) === token) return next;
    next = afterComma(json, valueEnd(json, next));
  }
  return undefined;
}

/** The string that a token with its quotes stands for. */
export function stringOf(token: string): string {
  return token.includes("\\") ? String(JSON.parse(token)) : token.slice(1, -1);
}

/** Where a value ends. What is in it is only passed over, however deep it goes. */
function valueEnd(json: string, at: number): number {
  let depth = 0;
  let next = at;
  do {
    const code = json.charCodeAt(next);
    if (code === QUOTE) next = stringEnd(json, next);
    else if (code === TABLE || code === LIST) {
      depth += 1;
      next += 1;
    } else if (code === TABLE_END || code === LIST_END) {
      depth -= 1;
      next += 1;
    } else if (code === COMMA || code === COLON || code <= SPACE) next += 1;
    else next = wordEnd(json, next);
  } while (depth > 0);
  return next;
}

/** Where a number, `true`, `false` or `null` ends. */
function wordEnd(json: string, at: number): number {
  let next = at + 1;
  for (; next < json.length; next += 1) {
    const code = json.charCodeAt(next);
    if (code <= SPACE || code === COMMA || code === TABLE_END || code === LIST_END) break;
  }
  return next;
}

function stringEnd(json: string, at: number): number {
  let next = at + 1;
  for (let code = json.charCodeAt(next); code !== QUOTE; code = json.charCodeAt(next)) {
    next += code === BACKSLASH ? 2 : 1;
  }
  return next + 1;
}

function afterComma(json: string, at: number): number {
  const next = afterBlanks(json, at);
  return json.charCodeAt(next) === COMMA ? afterBlanks(json, next + 1) : next;
}

function afterBlanks(json: string, at: number): number {
  let next = at;
  while (json.charCodeAt(next) <= SPACE) next += 1;
  return next;
}
