import { type Construction, constructions } from "./construction.ts";
import { headerReadings, timestampIn } from "./header.ts";
import { bodyVariants, keyVariants, type Mistake, type Variant } from "./variants.ts";

/** The findings about a signature. */
export interface Explanation {
  /** True if an endpoint that has these secrets accepts it. */
  readonly fits: boolean;
  /** Which of the secrets it was made with, counted from 1; `undefined` if none explains it or none was used. */
  readonly secret: number | undefined;
  /** What was done wrong, in as few steps as explain it; empty if it fits, or if nothing explains it. */
  readonly mistakes: readonly Mistake[];
  /** What may look wrong but is not; or, if nothing explains it, what is obvious. */
  readonly notes: readonly string[];
}

const SIGNATURE = /^[0-9A-Fa-f]{64}$/;

function unexplained(header: string): Explanation {
  const notes = SIGNATURE.test(header)
    ? []
    : [`The signature is not 64 hex digits: it has ${header.length} characters.`];
  return { fits: false, secret: undefined, mistakes: [], notes };
}

const UPPER_CASE = "upper-case digits are accepted";

/** How many of body, secret and hash may be wrong at once; mistakes of the header itself come on top. */
const MAX_MISTAKES = 2;

/**
 * Says which mistake leads from the body and one of the secrets to this `X-Signature`: tries the
 * known ones and pairs of them, and takes what needs the fewest.
 */
export function explainSignature(body: Uint8Array, header: string, secrets: readonly string[]): Explanation {
  const bodies = bodyVariants(body, timestampIn(header));
  let best: Explanation | undefined;
  for (const reading of headerReadings(header)) {
    for (const [index, secret] of secrets.entries()) {
      for (const attempt of attempts(bodies, keyVariants(secret), constructions(reading.digestBytes))) {
        const mistakes = [...reading.mistakes, ...attempt.mistakes];
        if (best !== undefined && best.mistakes.length <= mistakes.length) continue;
        if (!reading.matches(attempt.digest())) continue;
        best = {
          fits: mistakes.length === 0,
          secret: attempt.usesKey ? index + 1 : undefined,
          mistakes,
          notes: /[A-F]/.test(header) && mistakes.length === 0 ? [UPPER_CASE] : [],
        };
      }
    }
  }
  return best ?? unexplained(header);
}

interface Attempt {
  readonly mistakes: readonly Mistake[];
  readonly usesKey: boolean;
  readonly digest: () => Buffer;
}

function* attempts(
  bodies: readonly Variant[],
  keys: readonly Variant[],
  ways: readonly Construction[],
): Generator<Attempt> {
  for (const way of ways) {
    for (const key of way.usesKey ? keys : keys.slice(0, 1)) {
      for (const body of bodies) {
        const mistakes = [body.mistake, key.mistake, way.mistake].filter((mistake) => mistake !== undefined);
        if (mistakes.length > MAX_MISTAKES) continue;
        yield { mistakes, usesKey: way.usesKey, digest: () => way.digest(key.bytes, body.bytes) };
      }
    }
  }
}
