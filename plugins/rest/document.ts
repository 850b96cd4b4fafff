import { numberText } from "./number-text.ts";
import type { Options } from "./options.ts";
import { resolvePointer, type Pointer } from "./pointer.ts";

/** An answer, read as what its format says. */
export interface Document {
  readonly root: unknown;
  /**
   * The value at a pointer as text: numbers as they were written (as floats they would lose digits),
   * of an XML element with attributes its character data. `undefined` for tables, lists and null.
   */
  textAt(pointer: Pointer): string | undefined;
  /** Whether the text would not be of the format if it stopped earlier. */
  readonly marksItsEnd: boolean;
}

/** Each throws where the text is not of the format. */
export const PARSERS = {
  json(text) {
    const root: unknown = JSON.parse(text);
    return {
      root,
      marksItsEnd: typeof root !== "number",
      textAt(pointer) {
        const value = resolvePointer(root, pointer);
        return typeof value === "number" ? numberText(text, pointer) : textOf(value);
      },
    };
  },
  xml(text) {
    const root: unknown = Bun.XML.parse(text);
    return { root, marksItsEnd: true, textAt: (pointer) => textOf(resolvePointer(root, pointer)) };
  },
  text: (text) => ({ root: text, marksItsEnd: false, textAt: () => textOf(text) }),
} satisfies Record<Options["format"], (text: string) => Document>;

function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value.trim();
  if (typeof value === "boolean") return String(value);
  if (typeof value === "object" && value !== null && "#text" in value) return textOf(value["#text"]);
  return undefined;
}
