import { ISO_4217_EXPONENTS, WITHDRAWN, WITHOUT_MINOR_UNIT } from "./iso-4217.ts";

/** The most decimals that a currency beyond ISO 4217 may have: ether's. */
export const MAX_CURRENCY_EXPONENT = 18;

/** `EUR`, `USDT`. A closed alphabet: a code goes into a signed reply as it is. */
const CURRENCY_CODE = /^[A-Z][A-Z0-9]{1,11}$/;

/** The number of decimals of a currency (EUR 2, JPY 0, KWD 3), or `undefined`: no such currency is known. */
export type ExponentOf = (currency: string) => number | undefined;

/** What a currency's code looks like, known or not. */
export function isCurrencyCode(text: string): boolean {
  return CURRENCY_CODE.test(text);
}

/** The currencies of ISO 4217, and `further` ones with their decimals: `[currencies]` in the configuration. */
export function knownCurrencies(further: Readonly<Record<string, number>>): ExponentOf {
  const exponents = new Map([...ISO_4217_EXPONENTS, ...Object.entries(further)]);
  return (currency) => exponents.get(currency);
}

/** True if ISO 4217 gives the currency other decimals than these. */
export function contradictsIso4217(currency: string, exponent: number): boolean {
  const known = ISO_4217_EXPONENTS.get(currency);
  return known !== undefined && known !== exponent;
}

/** Why a currency is not known, and what to do about it: the end of a sentence that begins with the place. */
export function unknownCurrency(currency: string, exponentOf: ExponentOf): string {
  const quoted = JSON.stringify(currency);
  const upperCase = currency.trim().toUpperCase();
  if (exponentOf(upperCase) !== undefined) return `${quoted} is not a code, did you mean "${upperCase}"?`;
  if (!isCurrencyCode(currency)) return `${quoted} is not a code: expected one such as "EUR"`;
  return `${quoted} ${standing(currency)}: if it is meant, give its decimals under [currencies] in the configuration`;
}

function standing(currency: string): string {
  if (WITHDRAWN.has(currency)) return "was withdrawn from ISO 4217";
  return WITHOUT_MINOR_UNIT.has(currency) ? "has no minor unit in ISO 4217" : "is not in ISO 4217";
}
