import { type Cell, balanceOf } from "../shared/query/balance.ts";
import { balanceColumns } from "../shared/query/columns.ts";
import type { Column, RowReader } from "./statement.ts";

/** OIDs, fixed in PostgreSQL's catalogue. A domain is described by the type that it is made of. */
const INTEGERS: ReadonlySet<number> = new Set([20, 21, 23]);
const FLOATS: ReadonlySet<number> = new Set([700, 701]);
const PADDED = 1042;
const EXACT: ReadonlySet<number> = new Set([...INTEGERS, 1700, 25, 1043, PADDED]);

/** What the row of an operator's query says. */
export const queryRow: RowReader = (columns) => {
  const layout = balanceColumns(columns.map(({ name }) => name));
  for (const name of ["balance", "balance_minor", "exponent"] as const) {
    const index = layout.get(name);
    if (index !== undefined) assertExact(name, columns[index]);
  }
  return (values, key) =>
    balanceOf(
      layout,
      values.map((value, index) => cellOf(value, columns[index])),
      (storedId) => storedId === key,
    );
};

function assertExact(name: string, column: Column | undefined): void {
  if (column === undefined || EXACT.has(column.type)) return;
  const type = FLOATS.has(column.type) ? "a floating-point number, which is not exact" : "no number";
  throw new Error(`\`query\` yields ${name} as ${type}: make it numeric, for example by ${name}::numeric`);
}

function cellOf(value: unknown, column: Column | undefined): Cell {
  if (value === null || column === undefined) return null;
  const isNumber = typeof value === "string" || typeof value === "number";
  if (INTEGERS.has(column.type) && isNumber) return BigInt(value);
  if (typeof value !== "string") return undefined;
  return column.type === PADDED ? value.replace(/ +$/, "") : value;
}
