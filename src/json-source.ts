/**
 * JSON whose numbers keep the text that they were written with ("JSON.parse source text access",
 * ECMAScript 2026): no digit is lost to a float, and 1.0 is still told from 1.
 */

declare global {
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source: string }) => unknown,
    ): unknown;
    rawJSON(text: string): { readonly rawJSON: string };
    isRawJSON(value: unknown): value is { readonly rawJSON: string };
  }
}

/** The value of a JSON text, every number in it as `JSON.rawJSON` of its source. Throws if it is not JSON. */
export function parseKeepingNumbers(text: string): unknown {
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === "number" ? JSON.rawJSON(source) : value,
  );
}
