/** Operators that compare one id, as `=` does. */
const EXACT_OPERATORS: ReadonlySet<string> = new Set("= == <=> IN IS".split(" "));
const LOOSE_OPERATORS: ReadonlySet<string> = new Set(
  "LIKE ILIKE SIMILAR REGEXP RLIKE GLOB MATCH SOUNDS @@".split(" "),
);
const RANGE_OPERATORS: ReadonlySet<string> = new Set("< > <= >= <> != BETWEEN".split(" "));

const LOOSE_FUNCTIONS: ReadonlySet<string> = new Set(
  (
    "LOWER UPPER LCASE UCASE INITCAP CASEFOLD UNACCENT NORMALIZE TRIM LTRIM RTRIM BTRIM LEFT RIGHT SUBSTR SUBSTRING MID " +
    "SUBSTRING_INDEX SPLIT_PART REPLACE TRANSLATE REGEXP_REPLACE REGEXP_LIKE INSTR LOCATE FIND_IN_SET POSITION STRPOS STARTS_WITH STRING_TO_ARRAY " +
    "LPAD RPAD OVERLAY INSERT PRINTF FORMAT ABS ROUND TRUNC TRUNCATE CEIL CEILING FLOOR MOD " +
    "SOUNDEX DIFFERENCE METAPHONE DMETAPHONE LEVENSHTEIN SIMILARITY TO_NUMBER"
  ).split(" "),
);

/** Whether the token, as the text writes it, compares what stands on its two sides. */
export function isOperator(token: string): boolean {
  return isExactOperator(token) || isRangeOperator(token) || isLooseOperator(token);
}

export function isExactOperator(token: string): boolean {
  return EXACT_OPERATORS.has(token.toUpperCase());
}

/** It lets in other rows than that of the id. */
export function isRangeOperator(token: string): boolean {
  return RANGE_OPERATORS.has(token.toUpperCase());
}

export function isLooseOperator(token: string): boolean {
  return LOOSE_OPERATORS.has(token.toUpperCase()) || /^[^'"`\w]*~/.test(token);
}

/** It makes the same text of several ids. */
export function isLooseFunction(name: string): boolean {
  return LOOSE_FUNCTIONS.has(name.toUpperCase());
}
