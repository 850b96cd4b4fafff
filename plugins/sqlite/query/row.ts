import type { LookupResult } from "../../../src/plugin.ts";
import { plainDecimal } from "../../shared/decimal.ts";
import type { Row } from "./statement.ts";

const DEFAULT_EXPONENT = 2;

/** What the rows of the operator's query say. Throws without the value: it ends up in the log. */
export function balanceOf(rows: readonly Row[]): LookupResult {
  const [row, another] = rows;
  if (row === undefined) return null;
  if (another !== undefined) throw new Error("the query gives several rows: expected one for a player");
  if (row["balance_minor"] === undefined) return { balance: majorUnits(row["balance"]) };
  return {
    balanceMinor: integer("balance_minor", row["balance_minor"]),
    exponent: exponentOf(row["exponent"]),
  };
}

function majorUnits(value: Row[string] | undefined): string {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "string") return value;
  // The shortest decimal that reads back as the same REAL: 0.1 is "0.1", as it was written.
  const decimal = typeof value === "number" ? plainDecimal(String(value)) : undefined;
  if (decimal !== undefined) return decimal;
  const expected = typeof value === "number" ? "a number of a balance's size" : "a number";
  throw new Error(`the query gives ${kindOf(value)} as balance: expected ${expected}`);
}

function exponentOf(value: Row[string] | undefined): number {
  return value === undefined ? DEFAULT_EXPONENT : Number(integer("exponent", value));
}

function integer(column: string, value: Row[string]): bigint {
  if (typeof value === "bigint") return value;
  throw new Error(`the query gives ${kindOf(value)} as ${column}: expected an integer`);
}

function kindOf(value: Row[string] | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "NULL";
  if (typeof value === "number") return Number.isFinite(value) ? "a REAL" : "an infinite REAL";
  return typeof value === "string" ? "TEXT" : "a BLOB";
}
