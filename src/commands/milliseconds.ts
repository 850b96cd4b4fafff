import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Reads an option that is a time in milliseconds. */
export function parseMilliseconds(text: string): number {
  const milliseconds = Number(text);
  if (/^\d+$/.test(text) && milliseconds >= 1 && milliseconds <= 600_000) return milliseconds;
  throw new InvalidArgumentError("expected an integer from 1 to 600000");
}
