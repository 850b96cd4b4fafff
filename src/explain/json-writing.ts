import { parseKeepingNumbers } from "../json-source.ts";

interface Layout {
  readonly name: string;
  readonly write: (value: unknown) => string;
}

const LAYOUTS: readonly Layout[] = [
  { name: "without white space, as JSON.stringify writes it", write: (value) => JSON.stringify(value) },
  { name: "with a space after commas and colons, as Python's json.dumps writes it", write: onOneLine },
  { name: "indented by two spaces", write: (value) => JSON.stringify(value, null, 2) },
  { name: "indented by four spaces", write: (value) => JSON.stringify(value, null, 4) },
  { name: "indented by tabs", write: (value) => JSON.stringify(value, null, "\t") },
];

/** A line break is always layout here: within a string it is escaped. */
function onOneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/,\n */g, ", ").replace(/\n */g, "");
}

interface Escaping {
  readonly name: string;
  readonly escape: (json: string) => string;
}

// What is escaped can only stand within strings, so the whole text may be searched for it.
const ESCAPINGS: readonly Escaping[] = [
  { name: "", escape: (json) => json },
  { name: "letters beyond ASCII escaped", escape: escapeNonAscii },
  { name: "slashes escaped", escape: escapeSlashes },
  {
    name: "slashes and letters beyond ASCII escaped, as PHP's json_encode does",
    escape: (json) => escapeNonAscii(escapeSlashes(json)),
  },
  {
    name: "<, > and & escaped, as Go's json.Marshal does",
    escape: (json) => json.replace(/[<>&]/g, escaped),
  },
];

function escapeNonAscii(json: string): string {
  // Without the flag `u`, each half of a surrogate pair is escaped on its own, as JSON wants it.
  return json.replace(/[\u0080-\uffff]/g, escaped);
}

function escapeSlashes(json: string): string {
  return json.replaceAll("/", String.raw`\/`);
}

function escaped(unit: string): string {
  return String.raw`\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * The same JSON as other programs write it, each with a description. Leaves out those that give the text itself;
 * empty if the text is not JSON.
 */
export function otherWritings(text: string): ReadonlyMap<string, string> {
  const writings = new Map<string, string>();
  for (const { name, value } of readings(text)) {
    for (const escaping of ESCAPINGS) {
      for (const layout of LAYOUTS) {
        const writing = escaping.escape(layout.write(value));
        const words = [layout.name, escaping.name, name].filter((word) => word !== "");
        // The first way to these bytes is the simplest one.
        if (writing !== text && !writings.has(writing)) writings.set(writing, words.join(", "));
      }
    }
  }
  return writings;
}

interface Reading {
  readonly name: string;
  readonly value: unknown;
}

function readings(text: string): readonly Reading[] {
  try {
    const value = parseKeepingNumbers(text);
    const asJavaScript: unknown = JSON.parse(text);
    return [
      { name: "", value },
      { name: "keys sorted", value: withSortedKeys(value) },
      { name: "numbers rewritten", value: asJavaScript },
      { name: "keys sorted, numbers rewritten", value: withSortedKeys(asJavaScript) },
    ];
  } catch {
    return [];
  }
}

function withSortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedKeys);
  if (typeof value !== "object" || value === null || JSON.isRawJSON(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, withSortedKeys(item)]));
}
