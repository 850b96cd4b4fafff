/** Longer than any amount is; it keeps a `1e999999999` from being written out. */
const MAX_CHARACTERS = 100;

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * The plain decimal that the text of a number stands for, digit for digit: `"3.05e1"` is `"30.5"`.
 * Takes what JSON and SQLite's REAL write, by text alone, so that no floating-point number is made.
 * `undefined` where the text is no number (`"NaN"`, `"+1"`, `".5"`, `" 1"`) or needs more than 100 characters.
 */
export function plainDecimal(text: string): string | undefined {
  if (text.length > MAX_CHARACTERS) return undefined;
  const match = NUMBER.exec(text);
  if (match === null) return undefined;
  const [, sign = "", integer = "", fraction = "", exponent] = match;
  if (exponent === undefined) return text;
  const digits = integer + fraction;
  if (/^0+$/.test(digits)) return "0";
  const point = integer.length + Number(exponent);
  if (Math.abs(point) > MAX_CHARACTERS) return undefined;
  const plain = sign + placePoint(digits, point);
  return plain.length > MAX_CHARACTERS ? undefined : plain;
}

function placePoint(digits: string, point: number): string {
  if (point <= 0) return `0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return digits.padEnd(point, "0");
  return `${digits.slice(0, point)}.${digits.slice(point)}`;
}
