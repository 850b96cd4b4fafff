/** The encodings of a file, besides UTF-16, which its mark shows. */
export const ENCODINGS = ["utf-8", "windows-1252"] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** A byte-order mark says what a file is, whatever else was said. The second is what Excel calls Unicode text. */
const MARKS = [
  ["utf-8", [0xef, 0xbb, 0xbf]],
  ["utf-16", [0xff, 0xfe]],
] as const;

/**
 * The text of a file, without its byte-order mark and with every end of a line (CRLF, CR or LF) as LF. Strict: throws
 * a `TypeError` if bytes do not belong to the encoding, so that a file in another one does not become players that
 * nobody can ask for.
 */
export async function* textOf(chunks: AsyncIterable<Uint8Array>, encoding: Encoding): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  let isAfterReturn = false;
  for await (const chunk of chunks) {
    decoder ??= new TextDecoder(markedEncoding(chunk) ?? encoding, { fatal: true });
    const text = decoder.decode(chunk, { stream: true });
    yield lineEndsAsLf(isAfterReturn && text.startsWith("\n") ? text.slice(1) : text);
    if (text !== "") isAfterReturn = text.endsWith("\r");
  }
  yield decoder?.decode() ?? "";
}

function markedEncoding(chunk: Uint8Array): (typeof MARKS)[number][0] | undefined {
  return MARKS.find(([, bytes]) => bytes.every((byte, index) => chunk[index] === byte))?.[0];
}

function lineEndsAsLf(text: string): string {
  return text.includes("\r") ? text.replaceAll(/\r\n?/g, "\n") : text;
}

/** The one that the header holds most of. */
const SEPARATORS = [",", ";", "\t"] as const;

/** Excel's own word for the separator, in a line before the header. */
const SEPARATOR_LINE = /^sep=(.)$/i;

/** The separator of a file, judged by its beginning, and the text that is left to be parsed. */
export interface Separated {
  readonly separator: string;
  readonly text: AsyncIterable<string>;
}

/** Reads as far as the header ends. */
export async function separated(texts: AsyncGenerator<string>, maxCharacters: number): Promise<Separated> {
  let beginning = "";
  while (!/\S[^\n]*\n/.test(beginning) && beginning.length < maxCharacters) {
    const next = await texts.next();
    if (next.done === true) break;
    beginning += next.value;
  }
  const header = /[^\n]*\S[^\n]*/.exec(beginning)?.[0] ?? "";
  const named = SEPARATOR_LINE.exec(header.trimEnd())?.[1];
  // The line stays, empty, so that the lines after it keep their numbers.
  const rest = named === undefined ? beginning : beginning.replace(header, "");
  return { separator: named ?? commonest(header), text: joined(rest, texts) };
}

async function* joined(beginning: string, texts: AsyncIterable<string>): AsyncGenerator<string> {
  yield beginning;
  yield* texts;
}

function commonest(header: string): string {
  const unquoted = header.replaceAll(/"[^"]*"/g, "");
  const [first = ","] = SEPARATORS.toSorted(
    (one, other) => unquoted.split(other).length - unquoted.split(one).length,
  );
  return first;
}
