/**
 * A secret that stands where a key belongs must not be shown as an unknown one. Ours are a few words in lower case with
 * `_` between them, a plugin's may be in camel case; a secret has digits or other characters, or is longer.
 */
const ORDINARY_KEY = /^_*[a-z]{1,16}(?:_+[a-z]{1,16}|[A-Z][a-z]{1,15}){0,5}_?\d{0,2}_*$/;
const MAX_ORDINARY_CHARACTERS = 32;

/** Whether a key that nobody knows may be shown. */
export function isOrdinaryKey(key: string): boolean {
  return key.length <= MAX_ORDINARY_CHARACTERS && ORDINARY_KEY.test(key);
}

/** Shorter values are found in any sentence, and are not secrets. */
const MIN_MASKED_CHARACTERS = 4;

/** Takes what options hold out of a text: a schema of another library may quote it, and it may be a secret. */
export function masking(options: unknown): (text: string) => string {
  const values: string[] = [];
  JSON.stringify(options, (key, value: unknown) => {
    if (!isOrdinaryKey(key) && key.length >= MIN_MASKED_CHARACTERS) values.push(key);
    // A message may hold it as it is, or between quotes and escaped.
    if (typeof value === "string" && value.length >= MIN_MASKED_CHARACTERS)
      values.push(value, JSON.stringify(value).slice(1, -1));
    return typeof value === "bigint" ? String(value) : value;
  });
  // The longest first, so that no part of one is left if another is its beginning.
  const inOrder = values.toSorted((left, right) => right.length - left.length);
  return (text) => inOrder.reduce((masked, value) => masked.replaceAll(value, "****"), text);
}
