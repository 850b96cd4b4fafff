import { otherWritings } from "./json-writing.ts";
import { otherSchemes } from "./schemes.ts";

/** One thing that was done wrong on the way to a signature. */
export interface Mistake {
  /** Stable, for programs. */
  readonly id: string;
  readonly message: string;
}

/** Bytes that may have been used in place of the right ones, and the mistake that leads to them. */
export interface Variant {
  readonly bytes: Uint8Array;
  /** `undefined` for the right ones. */
  readonly mistake: Mistake | undefined;
}

type Candidate = readonly [id: string, message: string, bytes: string | Uint8Array];

const BYTE_ORDER_MARK = "\uFEFF";

/** The bodies that a signature may have been made over, the right one first. */
export function bodyVariants(body: Uint8Array, headerTimestamp?: string): readonly Variant[] {
  const bytes = Buffer.from(body);
  const text = bytes.toString("utf8");
  const candidates: readonly Candidate[] = [
    ["trailing-newline", "it was made over the body with a trailing newline", `${text}\n`],
    ["trailing-newline", "it was made over the body with a trailing CR LF", `${text}\r\n`],
    [
      "trailing-newline",
      "it was made over the body without its trailing newline",
      text.replace(/\r?\n$/, ""),
    ],
    ["line-ends", "it was made over the body with CR LF line ends", text.replace(/\r?\n/g, "\r\n")],
    ["line-ends", "it was made over the body with LF line ends", text.replaceAll("\r\n", "\n")],
    ["byte-order-mark", "it was made over the body with a byte-order mark before it", BYTE_ORDER_MARK + text],
    ["byte-order-mark", "it was made over the body without its byte-order mark", text.replace(/^\uFEFF/, "")],
    ["trimmed", "it was made over the body without the white space around it", text.trim()],
    ["body-encoding", "it was made over the body re-encoded as Latin-1", Buffer.from(text, "latin1")],
    [
      "body-encoding",
      "it was made over the body whose UTF-8 was read as Latin-1 and encoded again",
      bytes.toString("latin1"),
    ],
    [
      "body-encoding",
      "it was made over the body re-encoded as UTF-16 (little-endian)",
      Buffer.from(text, "utf16le"),
    ],
    [
      "body-encoding",
      "it was made over the body re-encoded as UTF-16 (little-endian, with a byte-order mark)",
      Buffer.from(BYTE_ORDER_MARK + text, "utf16le"),
    ],
    [
      "body-encoding",
      "it was made over the body re-encoded as UTF-16 (big-endian)",
      Buffer.from(text, "utf16le").swap16(),
    ],
    ["body-base64", "it was made over the base64 of the body", bytes.toString("base64")],
    ["body-hex", "it was made over the hex of the body", bytes.toString("hex")],
    ["body-as-json-string", "it was made over the body encoded as a JSON string", JSON.stringify(text)],
    ["body-missing", "it was made over no bytes at all: the body had been read before", ""],
    [
      "body-missing",
      'it was made over "[object Object]": the parsed body was used as text',
      "[object Object]",
    ],
  ];
  const variants = candidates.map(([id, message, variant]) => asVariant(id, message, variant));
  for (const [writing, words] of otherWritings(text.replace(/^\uFEFF/, ""))) {
    const message = `it was made over re-serialized JSON (${words}), not over the bytes of the body`;
    variants.push(asVariant("reserialized-json", message, writing));
    variants.push(asVariant("reserialized-json", `${message}, with a trailing newline`, `${writing}\n`));
  }
  for (const { id, message, text: scheme } of otherSchemes(text, headerTimestamp)) {
    variants.push(asVariant(id, message, scheme));
  }
  return distinct([{ bytes: body, mistake: undefined }, ...variants]);
}

/** The keys that a secret may have been turned into, the right one first. */
export function keyVariants(secret: string): readonly Variant[] {
  const bytes = Buffer.from(secret);
  const candidates: readonly Candidate[] = [
    ["secret-newline", "the secret was used with a newline after it", `${secret}\n`],
    ["secret-newline", "the secret was used with CR LF after it", `${secret}\r\n`],
    ["secret-white-space", "the secret was used without the white space around it", secret.trim()],
    ["secret-quoted", "the secret was used with its quotation marks", `"${secret}"`],
    ["secret-quoted", "the secret was used with its quotation marks", `'${secret}'`],
    [
      "secret-unquoted",
      "the secret was used without its quotation marks",
      secret.replace(/^(["'])(.*)\1$/s, "$2"),
    ],
    ...decodings(secret),
    [
      "secret-base64-encoded",
      "the secret was encoded as base64: its text is the key",
      bytes.toString("base64"),
    ],
    ["secret-hex-encoded", "the secret was encoded as hex: its text is the key", bytes.toString("hex")],
    [
      "secret-encoding",
      "the secret was encoded as Latin-1: its UTF-8 bytes are the key",
      Buffer.from(secret, "latin1"),
    ],
    ["secret-case", "the secret was used in upper case", secret.toUpperCase()],
    ["secret-case", "the secret was used in lower case", secret.toLowerCase()],
    ["secret-empty", "an empty secret was used: it was never set", ""],
  ];
  const variants = candidates.map(([id, message, variant]) => asVariant(id, message, variant));
  return distinct([{ bytes, mistake: undefined }, ...variants]);
}

function decodings(secret: string): readonly Candidate[] {
  const candidates: Candidate[] = [];
  if (/^(?:[0-9a-f]{2})+$/i.test(secret)) {
    candidates.push([
      "secret-hex-decoded",
      "the secret was decoded from hex: its text is the key",
      Buffer.from(secret, "hex"),
    ]);
  }
  if (/^[\w+/-]+={0,2}$/.test(secret)) {
    candidates.push([
      "secret-base64-decoded",
      "the secret was decoded from base64: its text is the key",
      Buffer.from(secret, "base64"),
    ]);
  }
  return candidates;
}

function asVariant(id: string, message: string, variant: string | Uint8Array): Variant {
  return { bytes: typeof variant === "string" ? Buffer.from(variant) : variant, mistake: { id, message } };
}

/** Of those with the same bytes the first; what does not change a body is not a mistake. */
function distinct(variants: readonly Variant[]): readonly Variant[] {
  const first = new Map<string, Variant>();
  for (const variant of variants) {
    const bytes = Buffer.from(variant.bytes).toString("latin1");
    if (!first.has(bytes)) first.set(bytes, variant);
  }
  return [...first.values()];
}
