import { relative } from "node:path";

/** A path as a message shows it: from here if it lies below. In `/`, where a service runs, everything does. */
export function shownPath(path: string): string {
  const fromHere = relative("", path);
  return fromHere === "" || fromHere.startsWith("..") || process.cwd() === "/" ? path : fromHere;
}
