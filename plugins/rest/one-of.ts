import { plainDecimal } from "../shared/decimal.ts";

/** Splits an amount into sign, integer digits and fraction, without redundant zeros. */
const DIGITS = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/;

/**
 * Tells whether the text of a document is one of the values. A number matches any text of the same number: `1` is
 * `1.0` and `10e-1`, because it depends on a core's JSON library which one is written.
 */
export function oneOf(values: readonly (string | number | boolean)[]): (text: string) => boolean {
  const texts = new Set(values.filter((value) => typeof value !== "number").map(String));
  const numbers = new Set(
    values
      .filter((value) => typeof value === "number")
      .map(String)
      .map(canonical),
  );
  return (text) => texts.has(text) || numbers.has(canonical(text));
}

/** The shortest decimal of a number's text; any other text as it is. */
function canonical(text: string): string {
  const digits = DIGITS.exec(plainDecimal(text) ?? "");
  if (digits === null) return text;
  const [, sign = "", integer = "", fraction = ""] = digits;
  const amount = fraction === "" ? integer : `${integer}.${fraction}`;
  return amount === "0" ? "0" : sign + amount;
}
