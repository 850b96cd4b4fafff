import type { LookupResult } from "../../../src/plugin.ts";
import type { BalanceColumns } from "./columns.ts";

/**
 * A value of a row: exact numbers as `bigint`, decimals and texts as text. A floating-point number is a `number`,
 * what is none of these is `undefined`.
 */
export type Cell = bigint | string | number | null | undefined;

const DEFAULT_EXPONENT = 2;

/**
 * What the one row of a player says. Throws without any value, since it ends up in the log: if it is no balance,
 * and if the row says that it is somebody else's.
 */
export function balanceOf(
  columns: BalanceColumns,
  cells: readonly Cell[],
  isAsked: (storedId: string) => boolean,
): LookupResult {
  function cell(name: Parameters<BalanceColumns["get"]>[0]): Cell {
    const index = columns.get(name);
    return index === undefined ? undefined : cells[index];
  }
  if (columns.has("player_id") && !isAsked(String(cell("player_id")))) {
    throw new Error("the query gave another player's row: its player_id is not the one that was asked");
  }
  const statusCode = cell("status_code");
  if (columns.has("status_code") && statusCode !== null) return { refused: text("status_code", statusCode) };
  // A NULL is a player whose currency is not known here.
  const code = cell("currency") ?? undefined;
  const currency = code === undefined ? {} : { currency: text("currency", code) };
  if (columns.has("balance")) return { balance: decimal(cell("balance")), ...currency };
  const exponent = columns.has("exponent") ? Number(integer("exponent", cell("exponent"))) : DEFAULT_EXPONENT;
  return { balanceMinor: integer("balance_minor", cell("balance_minor")), exponent, ...currency };
}

function decimal(cell: Cell): string {
  if (typeof cell === "bigint" || typeof cell === "string") return String(cell);
  throw new Error(`the query gives ${kindOf(cell)} as balance: expected a number`);
}

function integer(column: string, cell: Cell): bigint {
  if (typeof cell === "bigint") return cell;
  // A decimal type without decimals.
  if (typeof cell === "string" && /^-?\d{1,38}$/.test(cell)) return BigInt(cell);
  throw new Error(`the query gives ${kindOf(cell)} as ${column}: expected an integer`);
}

function text(column: string, cell: Cell): string {
  if (typeof cell === "string") return cell;
  throw new Error(`the query gives ${kindOf(cell)} as ${column}: expected text`);
}

function kindOf(cell: Cell): string {
  if (cell === null) return "NULL";
  if (typeof cell === "number") return "a floating-point number";
  if (typeof cell === "bigint") return "an integer";
  return typeof cell === "string" ? "text" : "a value of another type";
}
