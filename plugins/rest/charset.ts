import { TextDecoder } from "node:util";
import type { Options } from "./options.ts";

/** Byte order marks, which override any label (RFC 7303, section 3; WHATWG Encoding). */
const MARKS: readonly (readonly [bytes: readonly number[], charset: string])[] = [
  [[0xef, 0xbb, 0xbf], "utf-8"],
  [[0xff, 0xfe], "utf-16le"],
  [[0xfe, 0xff], "utf-16be"],
];

const CHARSET = /;\s*charset\s*=\s*"?([\w.:-]{1,40})/i;
const XML_ENCODING = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]{1,40})["']/;
const XML_DECLARATION_BYTES = 200;

/** An answer's bytes as text, or what keeps them from being one. */
export type Decoded =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly text?: undefined; readonly problem: string };

/**
 * Decodes by the mark at the start, else by the charset that the header names, else by the encoding that XML names
 * itself, else as UTF-8. Nothing is repaired: a byte that the charset does not have may be part of an id.
 */
export function decodeText(
  bytes: Uint8Array,
  contentType: string | undefined,
  format: Options["format"],
): Decoded {
  const charset =
    markOf(bytes) ?? charsetIn(contentType) ?? (format === "xml" ? xmlEncoding(bytes) : undefined) ?? "utf-8";
  const decoder = decoderFor(charset);
  if (decoder === undefined) return { problem: `in the charset ${charset}, which is not known` };
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return { problem: `not valid ${charset}` };
  }
}

function markOf(bytes: Uint8Array): string | undefined {
  // No mark begins like a text in ASCII, as nearly all do.
  if ((bytes[0] ?? 0) < 0x80) return undefined;
  return MARKS.find(([mark]) => mark.every((byte, index) => bytes[index] === byte))?.[1];
}

/** The encoding in an XML declaration that can be read byte by byte. So it is not UTF-16, even if it says so. */
function xmlEncoding(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, XML_DECLARATION_BYTES)).toString("latin1");
  const encoding = XML_ENCODING.exec(start)?.[1];
  return encoding !== undefined && /^utf-16/i.test(encoding) ? undefined : encoding;
}

/** A core gives all its answers one type. */
let latest: { readonly contentType: string | undefined; readonly charset: string | undefined } | undefined;

function charsetIn(contentType: string | undefined): string | undefined {
  if (latest?.contentType !== contentType || latest === undefined) {
    latest = { contentType, charset: CHARSET.exec(contentType ?? "")?.[1] };
  }
  return latest.charset;
}

/** Takes the labels of the WHATWG Encoding standard, which reads ISO-8859-1 as windows-1252. */
const decoders = new Map<string, TextDecoder>();

function decoderFor(charset: string): TextDecoder | undefined {
  const label = charset.toLowerCase();
  const known = decoders.get(label);
  if (known !== undefined) return known;
  try {
    const decoder = new TextDecoder(label, { fatal: true });
    decoders.set(label, decoder);
    return decoder;
  } catch {
    return undefined;
  }
}
