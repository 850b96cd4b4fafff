import type { Random } from "./random.ts";

const PIECES = [
  "",
  "0",
  "9",
  "-",
  ".",
  "e5",
  " ",
  "\n",
  '"',
  "\\",
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "=",
  "$",
  "${",
  "$${",
  "#",
] as const;
const FOREIGN = [
  "\u0000",
  "\u007f",
  "\u00ff",
  "\u0661",
  "\ufeff",
  "\ud800",
  "\u{1f600}",
  "__proto__",
  "constructor",
] as const;

/** A text with up to four things changed: pieces cut out, doubled, exchanged or put in. */
export function mutatedText(random: Random, original: string): string {
  let text = original;
  for (let rounds = random.below(5); rounds > 0; rounds -= 1) {
    const at = random.below(text.length + 1);
    const to = at + random.below(Math.min(16, text.length - at + 1));
    const middle = text.slice(at, to);
    const put = random.pick([
      () => "",
      () => middle + middle,
      () => middle.toUpperCase(),
      () => random.pick(PIECES),
      () => middle + random.pick(PIECES),
      () => middle + random.pick(FOREIGN),
      () => Array.from(middle).toReversed().join(""),
    ])();
    text = text.slice(0, at) + put + text.slice(to);
  }
  return text;
}
