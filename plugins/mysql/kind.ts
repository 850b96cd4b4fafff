import type { Kind } from "../shared/query/row-reader.ts";

/** The protocol's types, by number. */
const KINDS: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [1, "integer"],
  [2, "integer"],
  [3, "integer"],
  [8, "integer"],
  [9, "integer"],
  [246, "decimal"],
  [4, "float"],
  [5, "float"],
  [252, "text"],
  [253, "text"],
  [254, "text"],
]);

export function kindOf(type: number): Kind {
  return KINDS.get(type) ?? "other";
}
