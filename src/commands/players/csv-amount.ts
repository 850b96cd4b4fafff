/** What people put between thousands, beside a point and a comma: spaces of every width, and an apostrophe. */
const GROUPED_BY_SPACE = /^-?\d{1,3}(?:[ '\u2019\u00a0\u2009\u202f]\d{3})+(?=[.,]\d+$|$)/;

const ENGLISH = /^-?\d{1,3}(?:,\d{3})+\.\d+$|^-?\d{1,3}(?:,\d{3}){2,}$/;
const CONTINENTAL = /^-?\d{1,3}(?:\.\d{3})+,\d+$|^-?\d{1,3}(?:\.\d{3}){2,}$/;

const ONE_MARK = /^-?(\d+)([.,])(\d+)$/;

/** Three digits after one to three others: `1.234` may be a thousand or little more than one. */
function mayBeThousands(integer: string, fraction: string): boolean {
  return fraction.length === 3 && /^[1-9]\d{0,2}$/.test(integer);
}

/**
 * An amount as people write it in a file with this separator, as a plain decimal; or what is wrong, without the
 * amount. What can be read in two ways is refused, with what to write instead in a currency of so many decimals.
 */
export function plainAmount(
  written: string,
  separator: string,
  exponent: number,
): { readonly amount: string } | { readonly problem: string } {
  const text = written.trim();
  if (/^[+-]?\d[.,]?\d*E[+-]?\d+$/i.test(text)) {
    return { problem: "a shortened number: let the spreadsheet show all digits of it" };
  }
  if (ENGLISH.test(text)) return { amount: text.replaceAll(",", "") };
  if (CONTINENTAL.test(text)) return { amount: text.replaceAll(".", "").replace(",", ".") };
  if (GROUPED_BY_SPACE.test(text)) return { amount: text.replaceAll(/[^\d.,-]/g, "").replace(",", ".") };
  const [, integer = "", mark, fraction = ""] = ONE_MARK.exec(text) ?? [];
  if (mark === undefined) return { amount: text };
  const isAmbiguous = mayBeThousands(integer, fraction);
  const areDecimals = fraction.replace(/0+$/, "").length <= exponent;
  if (mark === "," && separator === ",") {
    const advice = isAmbiguous ? readings("comma", areDecimals, "write a point") : "write a point";
    return { problem: `a comma, which separates the columns of this file: ${advice}` };
  }
  // In a file with commas between columns only a point can be the decimal mark, as in what "players export" writes.
  // It never writes more digits than the currency has decimals: such a point may stand between thousands.
  if (isAmbiguous && (separator !== "," || fraction.length > exponent)) {
    return { problem: readings(mark === "." ? "point" : "comma", areDecimals, "add a 0") };
  }
  return { amount: text.replace(",", ".") };
}

/** How to write each of the two readings, if the currency has as many decimals. */
function readings(mark: "point" | "comma", areDecimals: boolean, asDecimals: string): string {
  const other = areDecimals ? `for decimals ${asDecimals}` : "the currency has fewer decimals";
  return `thousands or decimals? For thousands leave out the ${mark}; ${other}`;
}
