import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Reads an option that is a whole number with bounds. */
export function integerFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}
