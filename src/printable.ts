// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const STEERING = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * A text for one line of a terminal: what would end the line or steer the terminal is shown as `\u001b`.
 * It may be a caller's, an upstream's, or out of a file.
 */
export function printable(text: string): string {
  return text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
