import { isDigestLength } from "./construction.ts";
import type { Mistake } from "./variants.ts";

/** A digest that a header's text may stand for. */
export interface HeaderReading {
  readonly digestBytes: number;
  readonly matches: (digest: Buffer) => boolean;
  readonly mistakes: readonly Mistake[];
}

const SIGNATURE_DIGITS = 64;

/** Fewer digits than this could fit by chance. */
const FEWEST_DIGITS = 16;

const HEX = /^[0-9a-f]+$/i;
const BASE64 = /^[\w+/-]+={0,2}$/;
const PREFIX = /^(?:0x|[a-z][\w-]*(?:[=:]\s*|\s+))/i;

/** As other webhooks send it: the time of the signature beside it, and which version it is of. */
const TIMED = /^t=(\d{9,13}),\s*(v\d+=)([^,\s]+)/;

/** The timestamp that stands in the header beside the signature. */
export function timestampIn(header: string): string | undefined {
  return TIMED.exec(header.trim())?.[1];
}

/** What the header's text may stand for; empty if it does not resemble a signature. */
export function headerReadings(header: string): readonly HeaderReading[] {
  const text = header.trim();
  const prefix = PREFIX.exec(text)?.[0];
  const [, , version = "", timed] = TIMED.exec(text) ?? [];
  const quoted = /^(["'])(.*)\1$/.exec(text)?.[2];
  return [
    ...readings(text),
    ...(prefix === undefined
      ? []
      : withMistake(prefixed(prefix.trim()), readings(text.slice(prefix.length)))),
    ...(timed === undefined ? [] : withMistake(prefixed(`t=…,${version}`), readings(timed))),
    ...(quoted === undefined ? [] : withMistake(QUOTED, readings(quoted))),
  ];
}

function readings(text: string): readonly HeaderReading[] {
  const separated = text.replace(/[-: ]/g, "");
  return [
    ...hexReadings(text),
    ...(separated === text ? [] : withMistake(SEPARATED, digestReading(fromHex(separated)))),
    ...withMistake(BASE64_USED, digestReading(fromBase64(text))),
    ...withMistake(BASE64_OF_HEX, digestReading(fromHex(fromBase64(text).toString("latin1")))),
  ];
}

/** The digits of a whole digest, of a digest of digits, of part of a signature, or of a signature and more. */
function hexReadings(text: string): readonly HeaderReading[] {
  if (!HEX.test(text)) return [];
  return [
    ...digestReading(fromHex(text)),
    ...withMistake(HEX_OF_HEX, digestReading(fromHex(fromHex(text).toString("latin1")))),
    ...(text.length > SIGNATURE_DIGITS
      ? withMistake(tooLong(text.length), digestReading(fromHex(text.slice(0, SIGNATURE_DIGITS))))
      : []),
    ...(text.length >= FEWEST_DIGITS && text.length < SIGNATURE_DIGITS ? [cutReading(text)] : []),
  ];
}

function digestReading(bytes: Buffer): readonly HeaderReading[] {
  if (!isDigestLength(bytes.length)) return [];
  return [{ digestBytes: bytes.length, matches: (digest) => digest.equals(bytes), mistakes: [] }];
}

function cutReading(text: string): HeaderReading {
  return {
    digestBytes: SIGNATURE_DIGITS / 2,
    matches: (digest) => digest.toString("hex").startsWith(text.toLowerCase()),
    mistakes: [{ id: "cut-short", message: `the header has only the first ${text.length} of 64 digits` }],
  };
}

function withMistake(mistake: Mistake, found: readonly HeaderReading[]): readonly HeaderReading[] {
  return found.map((reading) => ({ ...reading, mistakes: [mistake, ...reading.mistakes] }));
}

/** No bytes if the text is not whole bytes in hex: `Buffer.from` would stop at the first bad or odd digit. */
function fromHex(text: string): Buffer {
  return Buffer.from(HEX.test(text) && text.length % 2 === 0 ? text : "", "hex");
}

function fromBase64(text: string): Buffer {
  return Buffer.from(BASE64.test(text) ? text : "", "base64");
}

function prefixed(prefix: string): Mistake {
  return { id: "prefix", message: `the header has ${prefix} before the digits: nothing may be around them` };
}

function tooLong(digits: number): Mistake {
  return { id: "too-long", message: `the header has ${digits} digits: the first 64 fit` };
}

const QUOTED: Mistake = {
  id: "quoted",
  message: "the header has quotation marks around the digits: nothing may be around them",
};
const SEPARATED: Mistake = {
  id: "separated",
  message: "the header has characters between the digits, such as the dashes of .NET's BitConverter",
};
const BASE64_USED: Mistake = { id: "base64", message: "the header is base64: it must be hex" };
const BASE64_OF_HEX: Mistake = {
  id: "base64",
  message: "the header is the base64 of the hex digits: it must be the digits themselves",
};
const HEX_OF_HEX: Mistake = {
  id: "hex-twice",
  message: "the header is the hex of the hex digits: it must be the digits themselves",
};
