import { expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { sign, signingKey, verify } from "../../src/protocol/signature.ts";

const KEY = signingKey("s3cret");
const BODY = Buffer.from('{"player_id":"12001"}');
const SIGNATURE = createHmac("sha256", "s3cret").update(BODY).digest("hex");

const secrets = fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 });
const bodies = fc.uint8Array({ maxLength: 2000 });

// The first two made with `printf %s BODY | openssl dgst -sha256 -hmac SECRET`.
test.each([
  ["secret", "", "f9e66e179b6747ae54108f82f8ade8b3c25d76fd30afde6c395822c530196169"],
  [
    "key",
    "The quick brown fox jumps over the lazy dog",
    "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
  ],
  // RFC 4231, test case 2
  [
    "Jefe",
    "what do ya want for nothing?",
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
])("the known signature with %p over %p", (secret, body, signature) => {
  expect(sign(body, signingKey(secret))).toBe(signature);
  expect(verify(Buffer.from(body), signature, [signingKey(secret)]).valid).toBe(true);
});

test("is node's HMAC-SHA256 with the secret as UTF-8, as 64 lower-case hex digits", () => {
  fc.assert(
    fc.property(secrets, bodies, (secret, body) => {
      const signature = sign(body, signingKey(secret));
      expect(signature).toBe(createHmac("sha256", secret).update(body).digest("hex"));
      expect(signature).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
});

test("text and its UTF-8 bytes have the same signature", () => {
  fc.assert(
    fc.property(secrets, fc.string({ unit: "grapheme" }), (secret, text) => {
      expect(sign(text, signingKey(secret))).toBe(sign(Buffer.from(text), signingKey(secret)));
    }),
  );
});

test("a signature holds in either case, and for no other body and no other secret", () => {
  fc.assert(
    fc.property(
      secrets,
      secrets,
      bodies,
      bodies,
      fc.func(fc.boolean()),
      (secret, other, body, changed, up) => {
        const signature = sign(body, signingKey(secret));
        const mixed = Array.from(signature, (digit, index) => (up(index) ? digit.toUpperCase() : digit)).join(
          "",
        );
        expect(verify(body, mixed, [signingKey(secret)]).valid).toBe(true);
        if (!Buffer.from(body).equals(changed))
          expect(verify(changed, signature, [signingKey(secret)])).toEqual({
            valid: false,
            problem: "wrong",
          });
        if (secret !== other)
          expect(verify(body, signature, [signingKey(other)])).toEqual({ valid: false, problem: "wrong" });
      },
    ),
  );
});

test("one changed digit anywhere makes it wrong", () => {
  for (let index = 0; index < 64; index += 1) {
    const digit = SIGNATURE[index] === "0" ? "1" : "0";
    const changed = SIGNATURE.slice(0, index) + digit + SIGNATURE.slice(index + 1);
    expect(verify(BODY, changed, [KEY])).toEqual({ valid: false, problem: "wrong" });
  }
});

test("an absent header is missing", () => {
  expect(verify(BODY, null, [KEY])).toEqual({ valid: false, problem: "missing" });
});

test.each([
  ["empty", ""],
  ["63 digits", SIGNATURE.slice(1)],
  ["65 digits", `${SIGNATURE}0`],
  ["62 digits: whole bytes, too few of them", SIGNATURE.slice(2)],
  ["66 digits: whole bytes, too many of them", `${SIGNATURE}00`],
  ["a bad digit at the end, which a decoder drops silently", `${SIGNATURE.slice(0, 63)}g`],
  ["a bad digit at the start", `z${SIGNATURE.slice(1)}`],
  ["good digits, then rubbish", `${SIGNATURE}zz`],
  ["twice, joined by a comma", `${SIGNATURE}, ${SIGNATURE}`],
  ["with a prefix", `sha256=${SIGNATURE}`],
  ["a newline behind it", `${SIGNATURE}\n`],
  ["a space before it", ` ${SIGNATURE}`],
  ["digits of another script", "٣".repeat(64)],
  ["bytes beyond ASCII, as Latin-1", "\u00e9".repeat(64)],
  ["full-width digits", `\uff10${SIGNATURE.slice(1)}`],
  ["base64", createHmac("sha256", "s3cret").update(BODY).digest("base64")],
  ["a NUL", `${SIGNATURE.slice(0, 63)}\0`],
])("is malformed: %s", (_what, header) => {
  expect(verify(BODY, header, [KEY])).toEqual({ valid: false, problem: "malformed" });
});

test("nothing but 64 hex digits is ever more than malformed, and nothing throws", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 130 }), (header) => {
      if (/^[0-9a-f]{64}$/i.test(header)) return;
      expect(verify(BODY, header, [KEY])).toEqual({ valid: false, problem: "malformed" });
    }),
  );
});

test("of several secrets the one that made the signature is named", () => {
  const keys = ["new", "old", "older"].map(signingKey);
  for (const key of keys) {
    expect(verify(BODY, sign(BODY, key), keys)).toEqual({ valid: true, key });
  }
  expect(verify(BODY, SIGNATURE, keys)).toEqual({ valid: false, problem: "wrong" });
});

test("a key signs any number of bodies, each for itself", () => {
  expect(sign(BODY, KEY)).toBe(SIGNATURE);
  sign("something else", KEY);
  expect(sign(BODY, KEY)).toBe(SIGNATURE);
});
