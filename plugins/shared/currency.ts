/** The ISO 4217 codes that the runtime knows. */
export const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf("currency"));

const exponents = new Map<string, number>();

/** The number of decimals of a currency (ISO 4217: EUR 2, JPY 0, KWD 3), or `undefined`: no such currency. */
export function exponentOf(currency: string): number | undefined {
  const known = exponents.get(currency);
  if (known !== undefined || !CURRENCIES.has(currency)) return known;
  const format = new Intl.NumberFormat("en", { style: "currency", currency });
  const { maximumFractionDigits } = format.resolvedOptions();
  if (maximumFractionDigits !== undefined) exponents.set(currency, maximumFractionDigits);
  return maximumFractionDigits;
}
