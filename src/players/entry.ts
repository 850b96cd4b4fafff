import type { Player } from "../../plugins/shared/players-table.ts";
import { Failure } from "../failure.ts";
import { amountFromMinorUnits, canonicalAmount, minorUnitsFromAmount } from "../protocol/amount.ts";
import { type ExponentOf, unknownCurrency } from "../protocol/currency.ts";
import { ID_RULE, isId } from "../protocol/request.ts";

/** A player as people write and read one, in this order in a CSV file. */
export interface Entry {
  readonly player_id: string;
  readonly currency: string;
  /** A decimal in major units. */
  readonly balance: string;
}

export const ENTRY_FIELDS: readonly (keyof Entry)[] = ["player_id", "currency", "balance"];

const MAX_INT64 = 2n ** 63n - 1n;

export interface EntryRules {
  readonly exponentOf: ExponentOf;
  /** A negative balance is more often a mistake than meant. */
  readonly allowsNegative: boolean;
}

export type ParsedEntry =
  | { readonly player: Player }
  | { readonly player?: undefined; readonly problem: string };

/** What the database would keep, or the problem, without the balance. */
export function parseEntry(entry: Entry, { exponentOf, allowsNegative }: EntryRules): ParsedEntry {
  const { player_id: playerId, currency, balance } = entry;
  if (!isId(playerId)) return { problem: `player_id: expected ${ID_RULE}` };
  const exponent = exponentOf(currency);
  if (exponent === undefined) return { problem: `currency: ${unknownCurrency(currency, exponentOf)}` };
  if (canonicalAmount(balance) === undefined) {
    const inPoints = balance.includes(",") ? ", with a point, and nothing between thousands" : "";
    return { problem: `balance: expected ${example(exponent)}${inPoints}` };
  }
  const balanceMinor = minorUnitsFromAmount(balance, exponent);
  if (balanceMinor === undefined) {
    return { problem: `balance: ${currency} has ${decimals(exponent)}, this has more` };
  }
  if (balanceMinor > MAX_INT64 || balanceMinor < -MAX_INT64 - 1n) {
    return { problem: "balance: beyond 64 bits of minor units" };
  }
  if (balanceMinor < 0n && !allowsNegative) {
    return { problem: "balance: negative; if it is meant, say so by --allow-negative" };
  }
  return { player: { playerId, currency, balanceMinor } };
}

/** Throws if another program has written a currency that does not exist: its amount cannot be known. */
export function formatEntry({ playerId, currency, balanceMinor }: Player, exponentOf: ExponentOf): Entry {
  const exponent = exponentOf(currency);
  const balance = exponent === undefined ? undefined : amountFromMinorUnits(balanceMinor, exponent);
  if (balance === undefined) {
    throw new Failure(
      `player ${JSON.stringify(playerId)}: currency: ${unknownCurrency(currency, exponentOf)}; else set the player again`,
      1,
    );
  }
  return { player_id: playerId, currency, balance };
}

/** The amount with all decimals that its currency has: `30.50`. */
export function withAllDecimals(entry: Entry, exponentOf: ExponentOf): string {
  const exponent = exponentOf(entry.currency) ?? 0;
  const [integer = "", fraction = ""] = entry.balance.split(".");
  return exponent === 0 ? integer : `${integer}.${fraction.padEnd(exponent, "0")}`;
}

function example(exponent: number): string {
  return exponent === 0
    ? "a whole number such as 30"
    : `a decimal such as 30 or 30.${"50".slice(0, exponent)}`;
}

function decimals(count: number): string {
  if (count === 0) return "no decimals";
  return count === 1 ? "1 decimal" : `${count} decimals`;
}
