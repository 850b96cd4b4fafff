/** Control characters, line separators, and the marks that turn the direction of the text around them (UAX #9). */
const STEERING =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * A text for one line. Whatever would end the line, steer a terminal or show the text in another order is shown as
 * `\u001b`, which JSON reads as the character again. It may be a caller's, an upstream's, or out of a file.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
