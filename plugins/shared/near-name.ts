import { closest, distance } from "fastest-levenshtein";

/** `; did you mean X?` where one of the known names is near, else nothing: the end of a problem's text. */
export function didYouMean(name: string, known: readonly string[]): string {
  const nearest = closest(name, known);
  const tolerated = Math.max(2, Math.floor(name.length / 3));
  return nearest && distance(name, nearest) <= tolerated ? `; did you mean ${nearest}?` : "";
}
