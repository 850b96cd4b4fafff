import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { explainSignature } from "../../src/explain/explain.ts";

const SECRET = "0011aabb";
const OTHER_SECRET = "another secret";
const BODY = `{"session_id": "a/b <é> 🎲", "request_id": "r", "timestamp": 1710000000.0, "player_id": "12001"}`;

type Bytes = string | Uint8Array;

function hmac(body: Bytes, key: Bytes = SECRET, hash = "sha256"): string {
  return createHmac(hash, key).update(body).digest("hex");
}

function explain(header: string, body: Bytes = BODY, secrets: readonly string[] = [SECRET]) {
  return explainSignature(Buffer.from(body), header, secrets);
}

function mistakesOf(header: string, body?: Bytes, secrets?: readonly string[]): readonly string[] {
  return explain(header, body, secrets).mistakes.map(({ id }) => id);
}

const right = hmac(BODY);
const parsed = { session_id: "a/b <é> 🎲", request_id: "r", timestamp: 1710000000, player_id: "12001" };
const compact = JSON.stringify(parsed);
const escapedNonAscii = String.raw`"a/b <\u00e9> \ud83c\udfb2"`;

describe("a signature that fits", () => {
  test("is one of any of the secrets, which is named", () => {
    expect(explain(right)).toEqual({ fits: true, secret: 1, mistakes: [], notes: [] });
    expect(explain(right, BODY, [OTHER_SECRET, SECRET])).toMatchObject({ fits: true, secret: 2 });
  });

  test("may be in upper case, which is noted as no mistake", () => {
    const upper = explain(right.toUpperCase());
    expect(upper).toMatchObject({ fits: true, notes: ["upper-case digits are accepted"] });
  });
});

test.each<[mistake: string, header: string]>([
  ["reserialized-json", hmac(compact)],
  ["reserialized-json", hmac(JSON.stringify(parsed, null, 2))],
  ["reserialized-json", hmac(JSON.stringify(parsed, null, 4))],
  ["reserialized-json", hmac(`${JSON.stringify(parsed, null, 2)}\n`)],
  ["reserialized-json", hmac(BODY.replace(/"a.*🎲"/u, escapedNonAscii))],
  [
    "reserialized-json",
    hmac(
      compact
        .replace("a/b", String.raw`a\/b`)
        .replace("é", String.raw`\u00e9`)
        .replace("🎲", String.raw`\ud83c\udfb2`),
    ),
  ],
  ["reserialized-json", hmac(compact.replace("<", String.raw`\u003c`).replace(">", String.raw`\u003e`))],
  [
    "reserialized-json",
    hmac(`{"player_id":"12001","request_id":"r","session_id":${escapedNonAscii},"timestamp":1710000000.0}`),
  ],
  ["timestamp-and-body", hmac(`1710000000.0.${BODY}`)],
  ["timestamp-and-body", hmac(`v0:1710000000.0:${BODY}`)],
  ["timestamp-and-body", hmac(`r.1710000000.0.${BODY}`)],
  ["timestamp-and-body", hmac(`${BODY}1710000000.0`)],
  ["path-and-body", hmac(`/balance${BODY}`)],
  ["path-and-body", hmac(`POST\n/balance\n${BODY}`)],
  ["path-and-body", hmac(`/bet${BODY}`)],
  ["fields", hmac("a/b <é> 🎲r1710000000.012001")],
  ["fields", hmac("12001|r|a/b <é> 🎲|1710000000.0")],
  ["fields", hmac("player_id=12001&request_id=r&session_id=a/b <é> 🎲&timestamp=1710000000.0")],
  ["fields", hmac(new URLSearchParams({ ...parsed, timestamp: "1710000000.0" }).toString())],
  ["fields", hmac("r:12001")],
  ["trailing-newline", hmac(`${BODY}\n`)],
  ["trailing-newline", hmac(`${BODY}\r\n`)],
  ["byte-order-mark", hmac(`\uFEFF${BODY}`)],
  ["body-encoding", hmac(Buffer.from(BODY, "latin1"))],
  ["body-encoding", hmac(Buffer.from(BODY).toString("latin1"))],
  ["body-encoding", hmac(Buffer.from(BODY, "utf16le"))],
  ["body-base64", hmac(Buffer.from(BODY).toString("base64"))],
  ["body-as-json-string", hmac(JSON.stringify(BODY))],
  ["body-missing", hmac("")],
  ["body-missing", hmac("[object Object]")],
  ["base64", Buffer.from(right, "hex").toString("base64")],
  ["base64", Buffer.from(right, "hex").toString("base64url")],
  ["base64", Buffer.from(right).toString("base64")],
  ["hex-twice", Buffer.from(right).toString("hex")],
  ["prefix", `sha256=${right}`],
  ["prefix", `HMAC ${right}`],
  ["prefix", `0x${right}`],
  ["quoted", `"${right}"`],
  ["separated", right.toUpperCase().replace(/..(?=.)/g, "$&-")],
  ["cut-short", right.slice(0, 63)],
  ["cut-short", right.slice(0, 32)],
  ["too-long", `${right}0`],
  ["other-hash", hmac(BODY, SECRET, "md5")],
  ["other-hash", hmac(BODY, SECRET, "sha1")],
  ["other-hash", hmac(BODY, SECRET, "sha384")],
  ["other-hash", hmac(BODY, SECRET, "sha512")],
  ["no-secret", createHash("sha256").update(BODY).digest("hex")],
  [
    "no-hmac",
    createHash("sha256")
      .update(SECRET + BODY)
      .digest("hex"),
  ],
  [
    "no-hmac",
    createHash("sha256")
      .update(BODY + SECRET)
      .digest("hex"),
  ],
  ["secret-hex-decoded", hmac(BODY, Buffer.from(SECRET, "hex"))],
  ["secret-base64-decoded", hmac(BODY, Buffer.from(SECRET, "base64"))],
  ["secret-base64-encoded", hmac(BODY, Buffer.from(SECRET).toString("base64"))],
  ["secret-newline", hmac(BODY, `${SECRET}\n`)],
  ["secret-quoted", hmac(BODY, `"${SECRET}"`)],
  ["secret-case", hmac(BODY, SECRET.toUpperCase())],
  ["secret-empty", hmac(BODY, "")],
])("the mistake %s is named (%s)", (mistake, header) => {
  const { fits, mistakes } = explain(header);
  expect(fits).toBe(false);
  expect(mistakes.map(({ id }) => id)).toEqual([mistake]);
});

test.each<[mistake: string, body: string, signed: string]>([
  ["trailing-newline", `${BODY}\n`, BODY],
  ["trailing-newline", `${BODY}\r\n`, BODY],
  ["trimmed", ` ${BODY}\n\n`, BODY],
  ["byte-order-mark", `\uFEFF${BODY}`, BODY],
  ["line-ends", "{\n}\n", "{\r\n}\r\n"],
  ["line-ends", "{\r\n\r\n}", "{\n\n}"],
])("the mistake %s is named for the body %j", (mistake, body, signed) => {
  expect(mistakesOf(hmac(signed), body)).toEqual([mistake]);
});

test("white space in or around the secret is named", () => {
  expect(mistakesOf(hmac(BODY, "key"), BODY, [" key "])).toEqual(["secret-white-space"]);
  expect(mistakesOf(hmac(BODY, "key"), BODY, ['"key"'])).toEqual(["secret-unquoted"]);
});

test("two mistakes at once are both named, with the secret that was used", () => {
  const header = `sha1=${hmac(compact, SECRET, "sha1")}`;
  const explanation = explain(header, BODY, [OTHER_SECRET, SECRET]);
  expect(explanation.mistakes.map(({ id }) => id)).toEqual(["prefix", "reserialized-json", "other-hash"]);
  expect(explanation.secret).toBe(2);
});

test.each([
  ["another secret", hmac(BODY, OTHER_SECRET)],
  ["another body", hmac("{}")],
  ["nothing", ""],
  ["words", "not a signature"],
  ["non-ASCII", "é".repeat(64)],
])("a signature of %s is left unexplained", (_name, header) => {
  const notes = /^[0-9a-f]{64}$/.test(header) ? [] : [expect.stringContaining("64 hex digits")];
  expect(explain(header)).toEqual({ fits: false, secret: undefined, mistakes: [], notes });
});

test("a body that is no text is explained as well", () => {
  const bytes = new Uint8Array([0xff, 0x00, 0xfe]);
  expect(explain(hmac(bytes), bytes).fits).toBe(true);
  expect(mistakesOf(hmac(Buffer.from(bytes).toString("base64")), bytes)).toEqual(["body-base64"]);
  expect(explain(hmac(""), "").fits).toBe(true);
});

test("a header with a time and a version, as other webhooks send it, is read as such", () => {
  const header = `t=1710000099,v1=${hmac(`1710000099.${BODY}`)}`;
  expect(mistakesOf(header)).toEqual(["prefix", "timestamp-and-body"]);
  expect(explain(header).mistakes.map(({ message }) => message)).toEqual([
    "the header has t=…,v1= before the digits: nothing may be around them",
    "it was made over the header's timestamp and the body, joined by a dot, not over the bytes of the body alone",
  ]);
});

test("another scheme, and a secret that lost the white space around it, are found together", () => {
  expect(mistakesOf(hmac(`1710000000.0.${BODY}`, SECRET), BODY, [` ${SECRET} `])).toEqual([
    "timestamp-and-body",
    "secret-white-space",
  ]);
});

test("a body that is not an object, or of many fields, is explained as before", () => {
  for (const body of [
    "[1,2]",
    "no JSON",
    "{}",
    JSON.stringify(Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`f${index}`, index]))),
  ]) {
    expect(mistakesOf(hmac(`${body}\n`), body)).toEqual(["trailing-newline"]);
    expect(explain(hmac("another"), body).mistakes).toEqual([]);
  }
});
