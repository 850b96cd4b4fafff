/** Shorter values are found in any sentence, and are no secrets. */
const MIN_MASKED_CHARACTERS = 4;

/** Takes the values of options out of a text: a schema of another library may quote them, and one may be a secret. */
export function masking(options: unknown): (text: string) => string {
  const values: string[] = [];
  JSON.stringify(options, (_key, value: unknown) => {
    // A message may hold it as it is, or between quotes and escaped.
    if (typeof value === "string" && value.length >= MIN_MASKED_CHARACTERS)
      values.push(value, JSON.stringify(value).slice(1, -1));
    return typeof value === "bigint" ? String(value) : value;
  });
  // The longest first, so that no part of one is left if another is its beginning.
  const inOrder = values.toSorted((left, right) => right.length - left.length);
  return (text) => inOrder.reduce((masked, value) => masked.replaceAll(value, "****"), text);
}
