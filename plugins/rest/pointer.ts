/** The reference tokens of a JSON Pointer (RFC 6901): `/a~1b/0` is `["a/b", "0"]`. */
export type Pointer = readonly string[];

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;

/** How much of a document a message shows. */
const MAX_LISTED = 8;
const MAX_LISTED_DEPTH = 8;
const MAX_LISTED_CHARACTERS = 60;

export function isPointer(text: string): boolean {
  return POINTER.test(text);
}

/** Splits a pointer that `isPointer` accepts. The empty text is the whole document. */
export function parsePointer(text: string): Pointer {
  const tokens = text.split("/").slice(1);
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The pointers to a document's values, for a message: names only, and not many of them. */
export function describePointers(document: unknown): string {
  const found: string[] = [];
  collect(document, "", 0, found);
  const listed = found.slice(0, MAX_LISTED).map((pointer) => pointer.slice(0, MAX_LISTED_CHARACTERS));
  return listed.join(", ") + (found.length > MAX_LISTED ? ", …" : "");
}

function collect(value: unknown, pointer: string, depth: number, found: string[]): void {
  if (found.length > MAX_LISTED) return;
  if (typeof value !== "object" || value === null || depth === MAX_LISTED_DEPTH) {
    found.push(pointer);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    collect(member, `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, depth + 1, found);
  }
}
