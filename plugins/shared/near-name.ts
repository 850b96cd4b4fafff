import { closest, distance } from "fastest-levenshtein";

/** `, did you mean "retries"?`, or nothing if no known name is near: the end of a problem's text. */
export function didYouMean(name: string, known: readonly string[]): string {
  if (known.length === 0) return "";
  const near = closest(name, known);
  const tolerated = near.length <= 3 ? 1 : Math.max(2, Math.floor(near.length / 3));
  const isNear = distance(name, near) <= Math.min(tolerated, near.length - 1);
  return isNear ? `, did you mean ${JSON.stringify(near)}?` : "";
}
