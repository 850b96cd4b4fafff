/** Longer than any amount, but short enough that `1e999999999` is never written out. */
const MAX_CHARACTERS = 100;

const NUMBER = /^([+-]?)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?$/;

/** Digits and what people and programs put between them. A comma may be a decimal point or a separator. */
const NUMBER_WITH_COMMA = /^[+-]?[\d.,'\s]*\d,[\d.,'\s]*$/;

/**
 * The plain decimal that the text of a number stands for, digit for digit: `"3.05e1"` is `"30.5"`. By text alone,
 * so that no floating-point number is made. The one grammar of amounts, whatever they come through: it takes what
 * databases and cores write and what can be read in one way only (`"0E-8"`, `"1E+3"`, `".5"`, `"+30"`, `"5."`,
 * and `"30.50  "` from a padded column). `undefined` if the text is not a number (`"NaN"`, `"1,5"`, `"0x10"`)
 * or needs more than 100 characters.
 */
export function plainDecimal(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > MAX_CHARACTERS) return undefined;
  const match = NUMBER.exec(trimmed);
  if (match === null) return undefined;
  const [, sign = "", mantissa = "", exponent = "0"] = match;
  const [integer = "", fraction = ""] = mantissa.split(".");
  const digits = integer + fraction;
  if (Number(exponent) !== 0 && /^0+$/.test(digits)) return "0";
  const point = integer.length + Number(exponent);
  if (Math.abs(point) > MAX_CHARACTERS) return undefined;
  const plain = (sign === "-" ? "-" : "") + placePoint(digits, point);
  return plain.length > MAX_CHARACTERS ? undefined : plain;
}

function placePoint(digits: string, point: number): string {
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return digits.padEnd(point, "0");
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}

const INTEGER = /^-?\d+(?=(?:\.0*)?$)/;

/** The integer that a number's text stands for, for minor units: `"3000.00"` is `3000n`. */
export function integerOf(text: string): bigint | undefined {
  const digits = INTEGER.exec(plainDecimal(text) ?? "")?.[0];
  return digits === undefined ? undefined : BigInt(digits);
}

/** Describes a text that `plainDecimal` does not take, without giving it away. */
export function notAnAmount(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "an empty text";
  if (NUMBER.test(trimmed)) return "a number of too many digits";
  return NUMBER_WITH_COMMA.test(trimmed) ? "a text with a comma" : "a text that is not an amount";
}

/** A plain decimal, rounded to at most so many decimals, halves to the even neighbour. */
export function roundHalfEven(plain: string, decimals: number): string {
  const [integer = "", fraction = ""] = plain.replace("-", "").split(".");
  if (fraction.length <= decimals) return plain;
  const kept = BigInt(integer + fraction.slice(0, decimals));
  const dropped = fraction.slice(decimals);
  const half = "5".padEnd(dropped.length, "0");
  const isUp = dropped > half || (dropped === half && kept % 2n === 1n);
  const digits = String(isUp ? kept + 1n : kept).padStart(decimals + 1, "0");
  return (plain.startsWith("-") ? "-" : "") + placePoint(digits, digits.length - decimals);
}
