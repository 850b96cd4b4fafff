import type { TomlError } from "smol-toml";

/** What a parser says, in words for a reader to whom TOML is new. The first one that fits counts. */
const IN_WORDS: readonly (readonly [said: RegExp, line: RegExp, words: string])[] = [
  [/unfinished string|control characters/, /“|”/, "typographic quotation marks: text goes between \" or '"],
  [
    /unfinished string|control characters/,
    /(?:)/,
    "a quotation mark is missing: a text ends with the mark that it begins with, on the same line",
  ],
  [
    /escape/,
    /(?:)/,
    "a backslash within \"…\" begins an escape: put the text into '…', or write / in its place (in paths of Windows, too)",
  ],
  [/invalid value/, /=\s*[“”„]/, "typographic quotation marks: text goes between \" or '"],
  [/invalid value/, /=\s*(?:True|False|TRUE|FALSE)\b/, "true and false are written in lower case"],
  [/invalid value/, /=\s*(?:#.*)?$/, "there is no value after ="],
  [/invalid value/, /(?:)/, 'text goes in quotation marks: "…"'],
  [
    /followed by an end-of-line/,
    /(?:)/,
    "something comes after the value: one line holds one key, and a comment begins with #",
  ],
  [/illegal character in key/, /^\s*\[[^\]]*$/, "the name of a table is closed by ]"],
  [/illegal character in key/, /^\s*[\w-]+\s*:/, "key and value are separated by =, not by a colon"],
  [/redefine/, /(?:)/, "it stands above already; each key and each table may appear once"],
  [
    /expected comma or end/,
    /(?:)/,
    "a comma or a closing bracket is missing, here or on the line before, or a text holds its own quotation mark",
  ],
  [
    /illegal character in key|incomplete key-value|end of key/,
    /(?:)/,
    "a line is KEY = VALUE, [TABLE] or # COMMENT",
  ],
  [/represented losslessly/, /(?:)/, "the number has too many digits"],
  [/leading zero/, /(?:)/, "a number does not begin with 0"],
];

/**
 * Where a text is not TOML, and why, with the line. A value may be a secret, so only its quotation marks are shown.
 */
export function tomlProblem(text: string, { line, column, message }: TomlError): string {
  const source = text.split(/\r?\n/)[line - 1] ?? "";
  const [said = ""] = message.replace(/^Invalid TOML document: /, "").split("\n");
  const words = IN_WORDS.find(([reason, shape]) => reason.test(said) && shape.test(source))?.[2] ?? said;
  const shown = masked(source);
  return `line ${line}, column ${column}: not TOML: ${words}${shown === undefined ? "" : `: ${shown}`}`;
}

/** A known key, so that a line of a multi-line text does not pass for one. */
const KEY_AND_VALUE = /^\s*([a-z][a-z_.0-9]{0,40}\s*[=:])(.*)$/;
const TABLE = /^\s*\[{1,2}[a-z][a-z_.0-9]{0,60}\]{0,2}\s*$/;

/** The line without its value; `undefined` if it is not clear which part that is. */
function masked(line: string): string | undefined {
  if (TABLE.test(line)) return line.trim();
  const [, key, value] = KEY_AND_VALUE.exec(line) ?? [];
  if (key === undefined || value === undefined) return undefined;
  return (key + value.replace(/[^\s"'[\]{},=#“”„]+(?:[^"'[\]{},=#“”„]*[^\s"'[\]{},=#“”„])?/g, "****")).trim();
}
