import { timingSafeEqual } from "node:crypto";

/** The header of both directions (spec 1.2). */
export const SIGNATURE_HEADER = "X-Signature";

/** HMAC-SHA256 with the key schedule already done: a key signs any number of bodies. */
export type SigningKey = () => Bun.CryptoHasher;

/** A key from the shared secret, whose UTF-8 bytes are the HMAC key. */
export function signingKey(secret: string): SigningKey {
  const keyed = new Bun.CryptoHasher("sha256", secret);
  return () => keyed.copy();
}

/** The `X-Signature` of a body: 64 lower-case hex digits over its raw bytes (text is taken as UTF-8). */
export function sign(body: string | Uint8Array, key: SigningKey): string {
  return key().update(body).digest("hex");
}

/** What is wrong with a signature, as the log says it. */
export type SignatureProblem = "missing" | "malformed" | "wrong";

export type Verification =
  | { readonly valid: true; readonly key: SigningKey }
  | { readonly valid: false; readonly problem: SignatureProblem };

/**
 * Exactly 64 hex digits. Checked before anything decodes them: a buffer's `write(text, "hex")` silently stops at the
 * first bad digit, and leaves what an earlier call wrote behind it.
 */
const SIGNATURE = /^[0-9A-Fa-f]{64}$/;

/** Where a signature's bytes and the right ones are compared. The runtime wants room for the longest digest that it knows. */
const claimed = Buffer.alloc(32);
const digest = Buffer.alloc(64);
const right = digest.subarray(0, claimed.length);

const MISSING: Verification = { valid: false, problem: "missing" };
const MALFORMED: Verification = { valid: false, problem: "malformed" };
const WRONG: Verification = { valid: false, problem: "wrong" };

/**
 * Which of the keys made this signature over exactly these bytes. The comparison takes the same
 * time wherever the first difference is. A header that came twice arrives joined by a comma and is malformed.
 */
export function verify(body: Uint8Array, header: string | null, keys: readonly SigningKey[]): Verification {
  if (header === null) return MISSING;
  if (!SIGNATURE.test(header)) return MALFORMED;
  claimed.write(header, "hex");
  for (const key of keys) {
    key().update(body).digest(digest);
    if (timingSafeEqual(right, claimed)) return { valid: true, key };
  }
  return WRONG;
}
