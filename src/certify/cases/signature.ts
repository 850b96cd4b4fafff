import { createHash, createHmac } from "node:crypto";
import { sign, signingKey } from "../../protocol/signature.ts";
import { DEFAULT_STATUS_CODES } from "../../protocol/status.ts";
import { requestWith, goodFields, type TestedEndpoint } from "../signed-request.ts";
import type { Case } from "../case.ts";
import { answersCode, answersCodeOrBadRequest, answersOk } from "../expectation.ts";

const refused = answersCode(DEFAULT_STATUS_CODES.bad_signature);

/** The right signature put another way. */
function headed(signatures: (right: string) => readonly string[]) {
  return (tested: TestedEndpoint) => requestWith(tested, { signatures });
}

function flipDigit(signature: string, position: number): string {
  const flipped = signature.at(position) === "0" ? "1" : "0";
  return signature.slice(0, position) + flipped + signature.slice(position).slice(1);
}

/** Section 1.2: which signatures are right and which are not. */
export const signatureCases: readonly Case[] = [
  {
    id: "signature-missing",
    section: "1.2",
    level: "must",
    about: "A call without X-Signature is refused: anybody could have sent it.",
    send: headed(() => []),
    expect: refused,
  },
  {
    id: "signature-empty",
    section: "1.2",
    level: "must",
    about: "An empty X-Signature is refused: a comparison over its length would accept it.",
    send: headed(() => [""]),
    expect: refused,
  },
  {
    id: "signature-duplicated",
    section: "1.2",
    level: "should",
    about:
      "A right and a wrong X-Signature together are refused: two readers could each believe another one.",
    send: headed((right) => [right, flipDigit(right, 0)]),
    expect: refused,
  },
  {
    id: "signature-63-digits",
    section: "1.2",
    level: "must",
    about: "A right signature that lacks its last digit is refused: exactly 64 digits count.",
    send: headed((right) => [right.slice(0, 63)]),
    expect: refused,
  },
  {
    id: "signature-65-digits",
    section: "1.2",
    level: "must",
    about: "A right signature with one digit more is refused: some hex decoders drop an odd digit silently.",
    send: headed((right) => [`${right}0`]),
    expect: refused,
  },
  {
    id: "signature-66-digits",
    section: "1.2",
    level: "must",
    about:
      "A right signature with one byte more is refused: a comparison over the shorter length would accept it.",
    send: headed((right) => [`${right}00`]),
    expect: refused,
  },
  {
    id: "signature-not-hex",
    section: "1.2",
    level: "must",
    about:
      "64 characters that are not hex digits are refused: decoders that drop them are left with nothing to compare.",
    send: headed(() => ["z".repeat(64)]),
    expect: refused,
  },
  {
    id: "signature-hex-prefix",
    section: "1.2",
    level: "must",
    about:
      "A right signature that ends in two letters that are not digits is refused: decoders may stop before them.",
    send: headed((right) => [`${right.slice(0, 62)}zz`]),
    expect: refused,
  },
  {
    id: "signature-latin1-byte",
    section: "1.2",
    level: "must",
    about:
      "A header byte beyond ASCII is refused as any wrong signature: comparing unequal byte lengths must not throw.",
    send: headed((right) => [`${right.slice(0, 63)}\u00e9`]),
    expect: answersCodeOrBadRequest(DEFAULT_STATUS_CODES.bad_signature),
  },
  {
    id: "signature-utf8-bytes",
    section: "1.2",
    level: "must",
    about:
      "A UTF-8 letter in the header is refused as any wrong signature: 64 bytes need not be 64 characters.",
    send: headed((right) => [`${right.slice(0, 62)}\u00c3\u00a9`]),
    expect: answersCodeOrBadRequest(DEFAULT_STATUS_CODES.bad_signature),
  },
  {
    id: "signature-scheme-prefix",
    section: "1.2",
    level: "must",
    about: "`sha256=` before the digits is refused: nothing may be around them.",
    send: headed((right) => [`sha256=${right}`]),
    expect: refused,
  },
  {
    id: "signature-base64",
    section: "1.2",
    level: "must",
    about: "The right signature in base64 is refused: it is hex that both sides agreed on.",
    send: headed((right) => [Buffer.from(right, "hex").toString("base64")]),
    expect: refused,
  },
  {
    id: "signature-upper-case",
    section: "1.2",
    level: "must",
    about: "Upper-case digits are accepted: they stand for the same bytes.",
    send: headed((right) => [right.toUpperCase()]),
    expect: answersOk,
  },
  {
    id: "signature-header-case",
    section: "1.2",
    level: "must",
    about: "The header is found as `x-signature` too: names of headers have no case.",
    send: (tested) => requestWith(tested, { signatureHeader: "x-signature" }),
    expect: answersOk,
  },
  {
    id: "signature-wrong-secret",
    section: "1.2",
    level: "must",
    about: "A signature made with another secret is refused.",
    send: (tested) => signedWith(tested, `not-${tested.secret}`),
    expect: refused,
  },
  {
    id: "signature-empty-secret",
    section: "1.2",
    level: "must",
    about:
      "A signature made with the empty secret is refused: a server whose secret was never set would accept it.",
    send: (tested) => {
      const body = JSON.stringify(goodFields(tested));
      return requestWith(tested, {
        body,
        signatures: () => [createHmac("sha256", "").update(body).digest("hex")],
      });
    },
    expect: refused,
  },
  {
    id: "signature-without-secret",
    section: "1.2",
    level: "must",
    about: "A plain SHA-256 of the body is refused: it needs no secret.",
    send: (tested) => {
      const body = JSON.stringify(goodFields(tested));
      return requestWith(tested, {
        body,
        signatures: () => [createHash("sha256").update(body).digest("hex")],
      });
    },
    expect: refused,
  },
  {
    id: "signature-first-digit",
    section: "1.2",
    level: "must",
    about: "A signature that is wrong in its first digit alone is refused: all of it is compared.",
    send: headed((right) => [flipDigit(right, 0)]),
    expect: refused,
  },
  {
    id: "signature-last-digit",
    section: "1.2",
    level: "must",
    about: "A signature that is wrong in its last digit alone is refused: all of it is compared.",
    send: headed((right) => [flipDigit(right, 63)]),
    expect: refused,
  },
  {
    id: "signature-of-other-body",
    section: "1.2",
    level: "must",
    about: "A signature of another call's body is refused: it vouches for those bytes only.",
    send: (tested) =>
      signedOver(tested, JSON.stringify(goodFields(tested)), JSON.stringify(goodFields(tested))),
    expect: refused,
  },
  {
    id: "signature-of-reserialized-body",
    section: "1.2",
    level: "must",
    about:
      "A signature of the same JSON in other bytes is refused: the raw bytes are verified, not what they mean.",
    send: (tested) => {
      const fields = goodFields(tested);
      return signedOver(tested, JSON.stringify(fields, null, 2), JSON.stringify(fields));
    },
    expect: refused,
  },
  {
    id: "signature-of-trimmed-body",
    section: "1.2",
    level: "must",
    about: "A signature that leaves out the body's last newline is refused: every byte counts.",
    send: (tested) => {
      const body = JSON.stringify(goodFields(tested));
      return signedOver(tested, `${body}\n`, body);
    },
    expect: refused,
  },
  {
    id: "signature-before-json",
    section: "1.2",
    level: "must",
    about:
      "An unsigned body that is not JSON is refused for its signature: strangers must not reach the parser.",
    send: (tested) => requestWith(tested, { body: "{", signatures: () => ["0".repeat(64)] }),
    expect: refused,
  },
];

function signedWith(tested: TestedEndpoint, secret: string) {
  const body = JSON.stringify(goodFields(tested));
  return requestWith(tested, { body, signatures: () => [sign(body, signingKey(secret))] });
}

function signedOver(tested: TestedEndpoint, body: string, signed: string) {
  return requestWith(tested, { body, signatures: () => [sign(signed, tested.key)] });
}
