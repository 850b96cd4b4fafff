import type { Options } from "./options.ts";
import { resolvePointer, type Pointer } from "./pointer.ts";
import { isNothingInXml, xmlText } from "./xml-text.ts";

/** An answer, read in its format. */
export interface Document {
  /** The content as tables, lists and values, whatever the format. */
  readonly root: unknown;
  /**
   * The value at a pointer as text: numbers as they were written (as floats they would lose digits),
   * of an XML element its character data. `undefined` for tables, lists and null.
   */
  textAt(pointer: Pointer): string | undefined;
  /** Whether nothing is at a pointer that `textAt` finds no text at: no value, or null. */
  isNothingAt(pointer: Pointer): boolean;
  /** Whether any shorter text would be invalid in this format. */
  readonly marksItsEnd: boolean;
}

/** Each throws if the text is not of the format. */
export const PARSERS = {
  json(text) {
    const root = JSON.parse(text, numbersAsWritten);
    return {
      root,
      marksItsEnd: !/^\s*[-\d]/.test(text),
      textAt: (pointer) => textOf(resolvePointer(root, pointer)),
      isNothingAt: (pointer) => (resolvePointer(root, pointer) ?? null) === null,
    };
  },
  xml(text) {
    // A template engine's newline before the declaration is not allowed, and is common.
    const trimmed = text.trimStart();
    const tree = Bun.XML.parse(trimmed, { compact: false });
    return {
      get root() {
        return Bun.XML.parse(trimmed);
      },
      marksItsEnd: true,
      textAt: (pointer) => xmlText(tree, pointer),
      isNothingAt: (pointer) => isNothingInXml(tree, pointer),
    };
  },
  text: (text) => ({
    root: text,
    marksItsEnd: false,
    textAt: () => textOf(text),
    isNothingAt: () => false,
  }),
} satisfies Record<Options["format"], (text: string) => Document>;

/** As a float a number would lose digits. */
function numbersAsWritten(_key: string, value: unknown, { source }: { readonly source: string }): unknown {
  return typeof value === "number" ? source : value;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return String(value);
  return undefined;
}
