import type { LookupResult } from "../../../src/plugin.ts";
import { balanceOf, type Cell } from "./balance.ts";
import type { ImpliedExponent } from "../implied-exponent.ts";
import { balanceColumns, lacksExponent } from "./columns.ts";

/** A column of an answer, as the server describes it. */
export interface Column {
  readonly name: string;
  /** The number that the protocol gives its type. */
  readonly type: number;
}

/** Rows as lists of values, and what describes them. */
export interface Rows {
  readonly rows: readonly (readonly unknown[])[];
  readonly columns: readonly Column[];
}

/** What a type holds, as far as it matters here. `padded` is text filled with spaces to its full length. */
export type Kind = "integer" | "decimal" | "text" | "padded" | "float" | "other";

/** Takes the query's columns, then reads rows of them. Both steps throw with a message for the operator. */
export type RowReader = (
  columns: readonly Column[],
) => (values: readonly unknown[], key: string) => LookupResult;

const EXACT: ReadonlySet<Kind> = new Set<Kind>(["integer", "decimal", "text", "padded"]);

/** Reads the rows of an operator's query. An id in a row must be the one that was asked for. */
export function rowReader(
  kindOf: (type: number) => Kind,
  implied: ImpliedExponent,
  isAsked: (storedId: string, key: string) => boolean,
): RowReader {
  return (columns) => {
    const layout = balanceColumns(columns.map(({ name }) => name));
    const kinds = columns.map(({ type }) => kindOf(type));
    for (const name of ["balance", "balance_minor", "exponent"] as const) {
      const index = layout.get(name);
      if (index !== undefined) assertExact(name, kinds[index]);
    }
    if (lacksExponent(layout)) implied.warn();
    return (values, key) =>
      balanceOf(
        layout,
        values.map((value, index) => cellOf(value, kinds[index])),
        implied,
        (storedId) => isAsked(storedId, key),
      );
  };
}

function assertExact(name: string, kind: Kind | undefined): void {
  if (kind === undefined || EXACT.has(kind)) return;
  const type = kind === "float" ? "a floating-point number, which is not exact" : "no number";
  throw new Error(
    `\`query\` yields ${name} as ${type}: make it a decimal, for example by CAST(${name} AS decimal(20, 4))`,
  );
}

function cellOf(value: unknown, kind: Kind | undefined): Cell {
  if (value === null) return null;
  const isNumber = typeof value === "string" || typeof value === "number";
  if (kind === "integer" && isNumber) return BigInt(value);
  if (typeof value !== "string") return undefined;
  return kind === "padded" ? value.replace(/ +$/, "") : value;
}
