import { topics } from "./topics.ts";

/** Further down are sections that only mention a word in passing. */
const MAX_SECTIONS = 8;

/** So many mentions is a heading worth. */
const HEADING_WEIGHT = 10;

/** A part of a page under a heading of its own. */
export interface Section {
  /** The name of the page. */
  readonly topic: string;
  readonly heading: string;
}

/** The sections of the manual in which all these words occur, those that say most about them first. */
export function sectionsAbout(words: readonly string[]): readonly Section[] {
  const patterns = words
    .flatMap((word) => word.split(/\s+/))
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .map((word) => new RegExp(String.raw`(?<!\w)${RegExp.escape(stemOf(word))}`, "gi"));
  return topics
    .flatMap(({ name, text }) => sectionsOf(name, text))
    .map(({ topic, heading, text }) => {
      const weights = patterns.map(
        (pattern) =>
          HEADING_WEIGHT * countOf(pattern, `${topic} ${heading}`) +
          Math.min(countOf(pattern, text), HEADING_WEIGHT),
      );
      return {
        topic,
        heading,
        weight: weights.includes(0) ? 0 : weights.reduce((sum, weight) => sum + weight, 0),
      };
    })
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, MAX_SECTIONS)
    .map(({ topic, heading }) => ({ topic, heading }));
}

/** The part that a word's forms have in common: `rotat` of rotate and rotation, `currenc` of currency. */
function stemOf(word: string): string {
  return word.replace(/(?<=\w{4})(?:ies|ing|ion|es|ed|e|s|y)$/, "");
}

function countOf(pattern: RegExp, text: string): number {
  return text.match(pattern)?.length ?? 0;
}

/** A page by its headings. A comment in an example is none. */
function sectionsOf(topic: string, page: string) {
  return page
    .replaceAll(/^```.*?^```$/gms, (block) => block.replaceAll(/^#/gm, " #"))
    .split(/^#+ /m)
    .flatMap((section) => {
      const [heading = "", ...text] = section.split("\n");
      return heading === "" ? [] : [{ topic, heading: heading.replaceAll("`", ""), text: text.join("\n") }];
    });
}
