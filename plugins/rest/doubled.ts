import type { Pointer } from "./pointer.ts";

/** What gives a JSON text its shape. Numbers and words need not be seen, and every colon has its name. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/**
 * Finds a name that an object has twice, on the way to a place that is read. JSON leaves open which of the two counts
 * (RFC 8259, section 4): the parser takes the last, and the core may mean the other. Takes valid JSON only.
 */
export function doubledNames(pointers: readonly Pointer[]): (json: string) => string | undefined {
  const names = [...new Set(pointers.flat())].map((name) => JSON.stringify(name));
  const ways = new Set(
    pointers.flatMap((pointer) => pointer.map((_, index) => JSON.stringify(pointer.slice(0, index + 1)))),
  );
  const depth = Math.max(0, ...pointers.map(({ length }) => length));

  /** Nearly every answer has each name once, and none of them written with escapes. */
  function isPlain(json: string): boolean {
    return !json.includes("\\") && names.every((name) => json.indexOf(name) === json.lastIndexOf(name));
  }

  function find(json: string): string | undefined {
    const seen = new Set<string>();
    /** The name or the number of each open object's or list's member that the scan is in. */
    const path: (string | number)[] = [];
    let isName = false;
    for (const [token] of json.matchAll(TOKENS)) {
      const last = path.length - 1;
      const member = path[last];
      if (token === "{" || token === "[") path.push(token === "{" ? "" : 0);
      else if (token === "}" || token === "]") path.pop();
      else if (token === "," && typeof member === "number") path[last] = member + 1;
      else if (isName) {
        const name = String(JSON.parse(token));
        path[last] = name;
        // Below that nothing is read, and an answer may be as deep as it is long.
        const way = path.length > depth ? "" : JSON.stringify(path.map(String));
        if (seen.has(way)) return name;
        if (ways.has(way)) seen.add(way);
      }
      isName = token === "{" || (token === "," && typeof member === "string");
    }
    return undefined;
  }

  return (json) => (isPlain(json) ? undefined : find(json));
}
