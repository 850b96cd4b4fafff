/**
 * A secret in the place of a key must not be shown as an unknown key. Our keys are a few lower-case words with `_`
 * between them, and a plugin's may be in camel case; a secret has digits or other characters, or is longer.
 */
const ORDINARY_KEY = /^_*[a-z]{1,16}(?:_+[a-z]{1,16}|[A-Z][a-z]{1,15}){0,5}_?\d{0,2}_*$/;
const MAX_ORDINARY_CHARACTERS = 32;

/** Whether an unknown key may be shown. */
export function isOrdinaryKey(key: string): boolean {
  return key.length <= MAX_ORDINARY_CHARACTERS && ORDINARY_KEY.test(key);
}

/** Shorter values are found in any sentence, and are not secrets. */
const MIN_MASKED_CHARACTERS = 4;

/** Removes the values of options from a text: a schema of another library may quote them, and they may be secrets. */
export function masking(options: unknown): (text: string) => string {
  const values: string[] = [];
  JSON.stringify(options, (key, value: unknown) => {
    if (!isOrdinaryKey(key) && key.length >= MIN_MASKED_CHARACTERS) values.push(key);
    // A message may hold the value as it is, or quoted and escaped.
    if (typeof value === "string" && value.length >= MIN_MASKED_CHARACTERS)
      values.push(value, JSON.stringify(value).slice(1, -1));
    return typeof value === "bigint" ? String(value) : value;
  });
  // The longest first, so that nothing is left of one that begins with another.
  const inOrder = values.toSorted((left, right) => right.length - left.length);
  return (text) => inOrder.reduce((masked, value) => masked.replaceAll(value, "****"), text);
}
