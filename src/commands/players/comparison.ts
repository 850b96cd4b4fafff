import type { ComparedPlayer, Staging } from "../../../plugins/shared/players-table.ts";
import { amountFromMinorUnits } from "../../protocol/amount.ts";
import { type ExponentOf, MAX_CURRENCY_EXPONENT } from "../../protocol/currency.ts";

/** How many of the greatest changes are kept. */
const GREATEST = 5;

/** What an import changes, or would. */
export interface Comparison {
  readonly total: number;
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  /** The changes as text, the greatest first. */
  readonly greatest: readonly string[];
}

interface RankedChange {
  readonly change: ComparedPlayer;
  /** How much, in units that are smaller than any currency's. Another currency is the greatest change of all. */
  readonly size: bigint;
}

export async function compare(staging: Staging, exponentOf: ExponentOf): Promise<Comparison> {
  const counts = { total: 0, added: 0, changed: 0, unchanged: 0 };
  let greatest: readonly RankedChange[] = [];
  for await (const change of staging.compared()) {
    counts.total += 1;
    if (change.before === undefined) counts.added += 1;
    else {
      const size = sizeOf(change.before, change.after, exponentOf);
      if (size === 0n) counts.unchanged += 1;
      else {
        counts.changed += 1;
        greatest = withChange(greatest, { change, size });
      }
    }
  }
  return { ...counts, greatest: greatest.map(({ change }) => inWords(change, exponentOf)) };
}

/** Of a million changes nearly all are smaller than those that are kept, and cost one comparison each. */
function withChange(greatest: readonly RankedChange[], another: RankedChange): readonly RankedChange[] {
  const least = greatest[GREATEST - 1];
  if (least !== undefined && another.size <= least.size) return greatest;
  return [...greatest, another]
    .toSorted((one, other) => (one.size > other.size ? -1 : Number(one.size < other.size)))
    .slice(0, GREATEST);
}

type Amount = ComparedPlayer["after"] | NonNullable<ComparedPlayer["before"]>;

const UNLIKE = 10n ** 60n;

function sizeOf(before: Amount, after: Amount, exponentOf: ExponentOf): bigint {
  if (before.currency !== after.currency) return UNLIKE;
  const difference = after.balanceMinor - before.balanceMinor;
  const decimals = exponentOf(after.currency) ?? 0;
  return (difference < 0n ? -difference : difference) * 10n ** BigInt(MAX_CURRENCY_EXPONENT - decimals);
}

function inWords({ before, after }: ComparedPlayer, exponentOf: ExponentOf): string {
  const from = before === undefined ? "nothing" : amountInWords(before, exponentOf);
  return `${JSON.stringify(after.playerId)}: ${from} becomes ${amountInWords(after, exponentOf)}`;
}

/** Another program may have written a currency that is not known. */
function amountInWords({ currency, balanceMinor }: Amount, exponentOf: ExponentOf): string {
  const exponent = exponentOf(currency);
  if (exponent === undefined) return `${balanceMinor} minor units of ${currency}`;
  return `${amountFromMinorUnits(balanceMinor, exponent)} ${currency}`;
}
