import type { Kind } from "../shared/query/row-reader.ts";

/** OIDs, fixed in PostgreSQL's catalogue. A domain is described by the type that it is made of. */
const KINDS: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [20, "integer"],
  [21, "integer"],
  [23, "integer"],
  [1700, "decimal"],
  [25, "text"],
  [1043, "text"],
  [1042, "padded"],
  [700, "float"],
  [701, "float"],
]);

export function kindOf(oid: number): Kind {
  return KINDS.get(oid) ?? "other";
}
