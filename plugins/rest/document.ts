import { jsonSources, stringOf } from "./json-text.ts";
import type { Options } from "./options.ts";
import { parsePointer } from "./pointer.ts";
import { isNothingInXml, xmlText } from "./xml-text.ts";

/** An answer, read in its format. */
export interface Document {
  /** The content as tables, lists and values, whatever the format. */
  readonly root: unknown;
  /**
   * The value at one of the places that are read as text: numbers as they were written (as floats they would lose
   * digits), of an XML element its character data. `undefined` for tables, lists and null.
   */
  textAt(place: string): string | undefined;
  /** Whether nothing is at a place that `textAt` finds no text at: no value, or null. */
  isNothingAt(place: string): boolean;
  /** Whether any shorter text would be invalid in this format. */
  readonly marksItsEnd: boolean;
  /** A name that stands twice on the way to a place, so that nobody can tell which value is meant. */
  readonly doubledName?: string | undefined;
}

/** Each takes the places that will be read, as JSON Pointers. What it gives throws if a text is not of the format. */
export const PARSERS = {
  json(places) {
    const ways = places.map((place) => [place, parsePointer(place)] as const);
    return (text) => {
      const sources = jsonSources(text);
      const found = new Map<string, string | undefined>();
      let doubledName: string | undefined;
      for (const [place, pointer] of ways) {
        const source = sources(pointer);
        if (typeof source === "object") doubledName ??= source.doubledName;
        else found.set(place, source);
      }
      return {
        get root() {
          return JSON.parse(text);
        },
        marksItsEnd: !/^\s*[-\d]/.test(text),
        textAt: (place) => textOf(found.get(place)),
        isNothingAt: (place) => (found.get(place) ?? "null") === "null",
        doubledName,
      };
    };
  },
  xml(places) {
    const pointers = new Map(places.map((place) => [place, parsePointer(place)]));
    return (text) => {
      // A template engine's newline before the declaration is not allowed, and is common.
      const trimmed = text.trimStart();
      const tree = Bun.XML.parse(trimmed, { compact: false });
      return {
        get root() {
          return Bun.XML.parse(trimmed);
        },
        marksItsEnd: true,
        textAt: (place) => xmlText(tree, pointers.get(place) ?? []),
        isNothingAt: (place) => isNothingInXml(tree, pointers.get(place) ?? []),
      };
    };
  },
  text: () => (text) => ({
    root: text,
    marksItsEnd: false,
    textAt: () => text,
    isNothingAt: () => false,
  }),
} satisfies Record<Options["format"], (places: readonly string[]) => (text: string) => Document>;

/** A string's own text, a number's and a truth value's source. */
function textOf(source: string | undefined): string | undefined {
  if (source === undefined || source === "null" || /^[{[]/.test(source)) return undefined;
  return source.startsWith('"') ? stringOf(source) : source;
}
