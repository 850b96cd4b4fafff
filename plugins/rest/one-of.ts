import { plainDecimal } from "../shared/decimal.ts";

/** Takes an amount's sign, its integer digits and its fraction apart, without the zeros that say nothing. */
const DIGITS = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/;

/**
 * Tells whether the text of a document is one of the values. For a number that is any text of the same number:
 * `1` is `1.0` and `10e-1`, for which of them a core writes is a matter of its JSON library.
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
