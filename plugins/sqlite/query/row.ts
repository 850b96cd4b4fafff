import type { LookupResult } from "../../../src/plugin.ts";
import { plainDecimal, roundHalfEven } from "../../shared/decimal.ts";
import { balanceOf, type Cell } from "../../shared/query/balance.ts";
import type { ImpliedExponent } from "../../shared/implied-exponent.ts";
import { balanceColumns, lacksExponent, type BalanceColumns } from "../../shared/query/columns.ts";
import type { Row } from "./statement.ts";

export interface QueryOptions {
  /** To how many decimals a REAL is rounded, half even. Without it, it is read by its shortest decimal form. */
  readonly round?: number | undefined;
  readonly implied: ImpliedExponent;
  /** Told, for `check`, of answers that may be wrong. The same may come again. */
  readonly warn?: ((warning: string) => void) | undefined;
}

export const REAL =
  "the query gives balances as REAL, which is not exact: 0.1 + 0.2 is answered as 0.30000000000000004. " +
  "Keep minor units as integers (balance_minor), or set round to the currency's decimals";

/** Reads the rows of a query that yields these columns. */
export function sqliteRowReader(
  names: readonly string[],
  { round, implied, warn }: QueryOptions,
): (row: Row, playerId: string) => LookupResult {
  let known = names;
  let columns = balanceColumns(names);
  if (lacksExponent(columns)) implied.warn();

  /** After a table was recreated, the very same statement may give other columns, or another order. */
  function columnsOf(row: Row): BalanceColumns {
    const current = Object.keys(row);
    if (current.length !== known.length || current.some((name, index) => name !== known[index])) {
      columns = balanceColumns(current);
      known = current;
    }
    return columns;
  }

  function balanceCell(value: number): string {
    if (round === undefined) warn?.(REAL);
    // The shortest decimal that reads back as the same REAL: 0.1 is "0.1", as it was written.
    const decimal = Number.isFinite(value) ? plainDecimal(String(value)) : undefined;
    if (decimal === undefined)
      throw new Error("the query gives a REAL as balance, of a size that no balance has");
    return round === undefined ? decimal : roundHalfEven(decimal, round);
  }

  return (row, playerId) => {
    const layout = columnsOf(row);
    const balance = layout.get("balance");
    const cells = Object.values(row).map((value, index): Cell => {
      if (typeof value === "number" && index === balance) return balanceCell(value);
      return value instanceof Uint8Array ? undefined : value;
    });
    return balanceOf(layout, cells, implied, (storedId) => storedId === playerId);
  };
}
