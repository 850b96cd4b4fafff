import { relative } from "node:path";

/** A path as messages show it: relative to here if it is below. In `/`, where a service runs, everything is. */
export function shownPath(path: string): string {
  const fromHere = relative("", path);
  return fromHere === "" || fromHere.startsWith("..") || process.cwd() === "/" ? path : fromHere;
}
