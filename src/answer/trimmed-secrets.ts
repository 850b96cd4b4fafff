import { signingKey, type SigningKey, verify } from "../protocol/signature.ts";

/** What a secret with white space at an end would be without it: most likely the one that was meant. */
export interface TrimmedSecret {
  /** Of the secret in `webhook.secrets`, from 1 on. */
  readonly position: number;
  readonly key: SigningKey;
}

/** Empty if the secrets are as they should be. */
export function trimmedSecrets(secrets: readonly string[]): readonly TrimmedSecret[] {
  return secrets.flatMap((secret, index) => {
    const trimmed = secret.trim();
    return trimmed === secret || trimmed === "" ? [] : [{ position: index + 1, key: signingKey(trimmed) }];
  });
}

/** For the log: why a wrong signature may be wrong. The call is still refused. */
export function trimmedSecretHint(
  body: Uint8Array,
  signature: string | null,
  trimmed: readonly TrimmedSecret[],
): string | undefined {
  const fits = trimmed.find(({ key }) => verify(body, signature, [key]).valid);
  return fits && `made with secret ${fits.position} without the white space at its ends`;
}
