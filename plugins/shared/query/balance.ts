import type { LookupResult } from "../../../src/plugin.ts";
import { integerOf, notAnAmount, plainDecimal } from "../decimal.ts";
import type { ImpliedExponent } from "../implied-exponent.ts";
import type { BalanceColumns } from "./columns.ts";

/**
 * A value of a row: exact integers as `bigint`, decimals and texts as text, floating-point numbers as `number`,
 * anything else `undefined`.
 */
export type Cell = bigint | string | number | null | undefined;

/**
 * The result that a player's one row stands for. Throws if it is not a balance, or if the row says that it is
 * somebody else's. The message goes to the log, so it shows no value.
 */
export function balanceOf(
  columns: BalanceColumns,
  cells: readonly Cell[],
  implied: ImpliedExponent,
  isAsked: (storedId: string) => boolean,
): LookupResult {
  function cell(name: Parameters<BalanceColumns["get"]>[0]): Cell {
    const index = columns.get(name);
    return index === undefined ? undefined : cells[index];
  }
  if (columns.has("player_id") && !isStoredAs(cell("player_id"), isAsked)) {
    throw new Error("the query gave another player's row: its player_id is not the one that was asked");
  }
  const statusCode = cell("status_code");
  if (columns.has("status_code") && statusCode !== null) return { refused: refusal(statusCode) };
  // A NULL is an unknown currency.
  const code = cell("currency") ?? undefined;
  const currency = code === undefined ? undefined : text("currency", code);
  const named = currency === undefined ? {} : { currency };
  if (columns.has("balance")) return { balance: decimal(cell("balance")), ...named };
  const balanceMinor = integer("balance_minor", cell("balance_minor"));
  const exponent = columns.has("exponent")
    ? Number(integer("exponent", cell("exponent")))
    : implied.of(currency);
  return { balanceMinor, exponent, ...named };
}

/** Whose row it is, as text. A row without an owner is not that of a player named "null". */
function isStoredAs(cell: Cell, isAsked: (storedId: string) => boolean): boolean {
  return cell !== null && cell !== undefined && isAsked(String(cell));
}

function refusal(cell: Cell): string {
  const code = text("status_code", cell);
  if (code === "OK") throw new Error("the query gives OK as status_code: expected NULL unless it refuses");
  return code;
}

function decimal(cell: Cell): string {
  if (typeof cell === "bigint") return String(cell);
  if (typeof cell !== "string")
    throw new Error(`the query gives ${kindOf(cell)} as balance: expected a number`);
  const plain = plainDecimal(cell);
  if (plain === undefined) throw new Error(`the query gives ${notAnAmount(cell)} as balance`);
  return plain;
}

function integer(column: string, cell: Cell): bigint {
  if (typeof cell === "bigint") return cell;
  // A decimal type without decimals comes as text.
  const minorUnits = typeof cell === "string" ? integerOf(cell) : undefined;
  if (minorUnits !== undefined) return minorUnits;
  const kind = typeof cell === "string" ? "a text that is not an integer" : kindOf(cell);
  throw new Error(`the query gives ${kind} as ${column}: expected an integer`);
}

function text(column: string, cell: Cell): string {
  // A column of a fixed length is padded.
  if (typeof cell === "string") return cell.trimEnd();
  throw new Error(`the query gives ${kindOf(cell)} as ${column}: expected text`);
}

function kindOf(cell: Cell): string {
  if (cell === null) return "NULL";
  if (typeof cell === "number") return "a floating-point number";
  if (typeof cell === "bigint") return "an integer";
  return typeof cell === "string" ? "text" : "a value of another type";
}
