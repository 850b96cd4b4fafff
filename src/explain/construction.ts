import { createHash, createHmac } from "node:crypto";
import type { Mistake } from "./variants.ts";

/** A way to make a digest of a key and a body. */
export interface Construction {
  /** `undefined` for the right one. */
  readonly mistake: Mistake | undefined;
  readonly usesKey: boolean;
  readonly digest: (key: Uint8Array, body: Uint8Array) => Buffer;
}

/** What the length of a digest, in bytes, says about the hash that made it. */
const HASHES_BY_LENGTH: ReadonlyMap<number, readonly (readonly [algorithm: string, name: string])[]> =
  new Map([
    [16, [["md5", "MD5"]]],
    [20, [["sha1", "SHA-1"]]],
    [28, [["sha224", "SHA-224"]]],
    [
      32,
      [
        ["sha256", "SHA-256"],
        ["sha512-256", "SHA-512/256"],
      ],
    ],
    [48, [["sha384", "SHA-384"]]],
    [64, [["sha512", "SHA-512"]]],
  ]);

export function isDigestLength(bytes: number): boolean {
  return HASHES_BY_LENGTH.has(bytes);
}

/** The known ways that give a digest of this many bytes. */
export function constructions(digestBytes: number): readonly Construction[] {
  return (HASHES_BY_LENGTH.get(digestBytes) ?? []).flatMap(([algorithm, name]) => {
    const hash = (...parts: readonly Uint8Array[]): Buffer =>
      createHash(algorithm).update(Buffer.concat(parts)).digest();
    const otherHash = { id: "other-hash", message: `it is an HMAC with ${name}, not with SHA-256` };
    return [
      {
        mistake: algorithm === "sha256" ? undefined : otherHash,
        usesKey: true,
        digest: (key, body) => createHmac(algorithm, key).update(body).digest(),
      },
      {
        mistake: { id: "no-secret", message: `it is a plain ${name} of the body, made without the secret` },
        usesKey: false,
        digest: (_key, body) => hash(body),
      },
      {
        mistake: { id: "no-hmac", message: `it is a plain ${name} of secret and body joined, not an HMAC` },
        usesKey: true,
        digest: (key, body) => hash(key, body),
      },
      {
        mistake: { id: "no-hmac", message: `it is a plain ${name} of body and secret joined, not an HMAC` },
        usesKey: true,
        digest: (key, body) => hash(body, key),
      },
    ] satisfies readonly Construction[];
  });
}
