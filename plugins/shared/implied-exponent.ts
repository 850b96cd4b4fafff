import type { OpenContext } from "../../src/plugin.ts";

/** The decimals of minor units if nobody says how many (spec 3.1, 3.2 and 3.4). */
const DEFAULT_EXPONENT = 2;

/** The exponent of minor units that came without one. */
export interface ImpliedExponent {
  /**
   * 2. Throws if the player's currency, by the source or else by `webhook.currency`, has other decimals, or nobody knows how
   * many it has, because the balance would be wrong.
   */
  readonly of: (currency: string | undefined) => number;
  /** Warns, once, if that is so of the players whose source names no currency. */
  readonly warn: () => void;
}

/** `remedy` says what to write, and ends a sentence; without an exponent if that is not known. */
export function impliedExponent(
  { exponentOf, currency: byDefault, log }: Pick<OpenContext, "exponentOf" | "currency" | "log">,
  remedy: (currency: string, exponent: number | undefined) => string,
): ImpliedExponent {
  let isSaid = false;

  function otherThan2(currency: string | undefined): string | undefined {
    if (currency === undefined || currency === "") return undefined;
    const exponent = exponentOf(currency);
    if (exponent === DEFAULT_EXPONENT) return undefined;
    const has = exponent === undefined ? "is not known" : `has ${decimals(exponent)}`;
    return `${currency} ${has}, and exponent is not set: ${remedy(currency, exponent)}`;
  }

  return {
    of(currency) {
      const problem = otherThan2(currency || byDefault);
      if (problem !== undefined) throw new Error(problem);
      return DEFAULT_EXPONENT;
    },
    warn() {
      const problem = isSaid ? undefined : otherThan2(byDefault);
      isSaid = true;
      if (problem !== undefined) log.warn(`webhook.currency does not fit the balances: ${problem}`);
    },
  };
}

function decimals(exponent: number): string {
  return exponent === 1 ? "1 decimal" : `${exponent} decimals`;
}

/** The remedy of a source that has the option `exponent`, which is one for all players. */
export function setOption(currency: string, exponent: number | undefined): string {
  if (exponent === undefined) return `say in [currencies] how many decimals ${currency} has, or set exponent`;
  return `say exponent = ${exponent} if that is so of every player`;
}

/** The remedy of a query. */
export function addColumn(currency: string, exponent: number | undefined): string {
  return `let \`query\` yield a column exponent${exponent === undefined ? "" : `, ${exponent} for ${currency}`}`;
}
