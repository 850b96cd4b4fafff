/**
 * Amounts are exact decimals from end to end; no floating-point number is ever made of one (spec 1.4).
 * An amount in canonical form is text: an optional `-`, integer digits without leading zeros and,
 * only if not zero, `.` and a fraction without trailing zeros.
 */

/** Digits that survive unchanged: the width of a decimal128 or a `NUMERIC(38)`. */
export const MAX_SIGNIFICANT_DIGITS = 38;

/** The most decimals that minor units may stand for; crypto-currencies use up to 18. */
export const MAX_EXPONENT = 38;

const MAX_TEXT_CHARACTERS = 128;
const DECIMAL = /^(-?)0*(\d+)(?:\.(\d*?)0*)?$/;
const CANONICAL_INTEGER = /^-?[1-9]\d{0,17}$/;

/**
 * The canonical form of a decimal in major units, or `undefined` if the text is not a decimal
 * (`"abc"`, `""`, `"1e3"`, `" 1"`, `"+1"`, `"1."`) or has more than 38 significant digits.
 */
export function canonicalAmount(text: string): string | undefined {
  if (CANONICAL_INTEGER.test(text)) return text;
  if (text.length > MAX_TEXT_CHARACTERS || text.endsWith(".")) return undefined;
  const match = DECIMAL.exec(text);
  if (match === null) return undefined;
  const [, sign = "", integer = "", fraction = ""] = match;
  const significant = integer === "0" ? fraction.replace(/^0+/, "") : integer + fraction;
  if (significant.length > MAX_SIGNIFICANT_DIGITS) return undefined;
  if (significant === "") return "0";
  return fraction === "" ? sign + integer : `${sign}${integer}.${fraction}`;
}

/**
 * The canonical form of an amount in minor units: `(3050n, 2)` is `"30.5"`.
 * `undefined` if `exponent` is not an integer from 0 to 38, or the amount has too many digits.
 */
export function amountFromMinorUnits(minorUnits: bigint, exponent: number): string | undefined {
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > MAX_EXPONENT) return undefined;
  const isNegative = minorUnits < 0n;
  const digits = (isNegative ? -minorUnits : minorUnits).toString().padStart(exponent + 1, "0");
  const point = digits.length - exponent;
  let end = digits.length;
  while (end > point && digits[end - 1] === "0") end -= 1;
  const fraction = end === point ? "" : `.${digits.slice(point, end)}`;
  if (
    end > MAX_SIGNIFICANT_DIGITS &&
    digits.slice(0, end).replace(/^0+/, "").length > MAX_SIGNIFICANT_DIGITS
  ) {
    return undefined;
  }
  return `${isNegative ? "-" : ""}${digits.slice(0, point)}${fraction}`;
}

/**
 * The inverse of `amountFromMinorUnits`: `("30.5", 2)` is `3050n`. `undefined` if the text is no
 * amount or has more decimals than `exponent`.
 */
export function minorUnitsFromAmount(text: string, exponent: number): bigint | undefined {
  const [integer, fraction = ""] = canonicalAmount(text)?.split(".") ?? [];
  if (integer === undefined || fraction.length > exponent) return undefined;
  return BigInt(integer + fraction.padEnd(exponent, "0"));
}
