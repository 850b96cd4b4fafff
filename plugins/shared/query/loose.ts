import { type Dialect, lengthOfOpaque, matchAt, NAMED } from "./dialect.ts";

/** A token, or what stands between two parentheses. */
type Node = string | readonly Node[];

/** Where one condition, or what is not one, ends and the next begins. */
const BOUNDARIES: ReadonlySet<string> = new Set(
  ", AND OR XOR SELECT FROM JOIN ON WHERE GROUP HAVING ORDER BY LIMIT UNION CASE WHEN THEN ELSE END AS".split(
    " ",
  ),
);

/** With one of these, what one condition keeps out may be let in by another. */
const WIDENING: ReadonlySet<string> = new Set("OR XOR NOT UNION CASE || <> !=".split(" "));

const EXACT_OPERATORS: ReadonlySet<string> = new Set("= == <=> IN IS".split(" "));
const LOOSE_OPERATORS: ReadonlySet<string> = new Set(
  "LIKE ILIKE SIMILAR REGEXP RLIKE GLOB MATCH SOUNDS @@".split(" "),
);
/** They let in other rows than that of the id. */
const RANGE_OPERATORS: ReadonlySet<string> = new Set("< > <= >= <> != BETWEEN".split(" "));

/** Functions that make the same text of several ids. */
const LOOSE_FUNCTIONS: ReadonlySet<string> = new Set(
  (
    "LOWER UPPER LCASE UCASE INITCAP CASEFOLD UNACCENT NORMALIZE TRIM LTRIM RTRIM BTRIM LEFT RIGHT SUBSTR SUBSTRING MID " +
    "SUBSTRING_INDEX SPLIT_PART REPLACE TRANSLATE REGEXP_REPLACE REGEXP_LIKE INSTR LOCATE FIND_IN_SET POSITION STRPOS STARTS_WITH STRING_TO_ARRAY " +
    "LPAD RPAD OVERLAY INSERT PRINTF FORMAT ABS ROUND TRUNC TRUNCATE CEIL CEILING FLOOR MOD " +
    "SOUNDEX DIFFERENCE METAPHONE DMETAPHONE LEVENSHTEIN SIMILARITY TO_NUMBER"
  ).split(" "),
);

/** What they make of a text is a number, of `42abc` the same as of 42. */
const ARITHMETIC: ReadonlySet<string> = new Set("+ - * / % & << >> ^".split(" "));

/** Types of which one value is written in several ways, such as 42 and 042, or that cut a text off. */
const LOOSE_TYPES: ReadonlySet<string> = new Set(
  (
    "SMALLINT INT INTEGER BIGINT INT2 INT4 INT8 SIGNED UNSIGNED NUMERIC DECIMAL DEC NUMBER REAL FLOAT FLOAT4 FLOAT8 DOUBLE " +
    "MONEY OID BOOLEAN BOOL DATE TIME TIMESTAMP TIMESTAMPTZ INTERVAL INET CIDR UUID BPCHAR NAME"
  ).split(" "),
);

const LOOSE_COLLATION = /^(?:NOCASE|RTRIM)$|_CI$/;

/**
 * By what the text compares the parameter with something, if that takes one id for another: `LIKE`, `lower()`,
 * `::bigint`. A text does not tell what other functions do, nor what the collation or the type of a column does.
 */
export function looseComparison(text: string, parameter: string, dialect: Dialect): string | undefined {
  const tokens = tokensOf(text, dialect);
  const comparisons = comparisonsIn(nested(tokens), parameter).map(flat);
  const loosenessIn = (comparison: readonly string[]) =>
    loosenessOf(comparison) ??
    (dialect.bindsBytes === true ? textOf(comparison, parameter) : undefined) ??
    rangeOf(comparison, parameter);
  const exact = tokens.some((token) => WIDENING.has(token.toUpperCase()))
    ? []
    : comparisons
        .filter((each) => isExact(each) && loosenessIn(each) === undefined)
        .map((each) => namesIn(each, parameter));
  for (const comparison of comparisons) {
    const by = loosenessIn(comparison);
    const names = namesIn(comparison, parameter);
    // The same column is compared once more, exactly, as it is done for the sake of an index.
    if (
      by !== undefined &&
      !exact.some((column) => column.length > 0 && column.every((name) => names.includes(name)))
    )
      return by;
  }
  return undefined;
}

/** The columns, as the text names them, with which it compares the parameter, whatever stands around them. */
export function comparedWith(text: string, parameter: string, dialect: Dialect): readonly string[] {
  const comparisons = comparisonsIn(nested(tokensOf(text, dialect)), parameter).map(flat);
  return comparisons.flatMap((each) => namesIn(each, parameter));
}

/** For the operator: what a query needs that compares loosely. */
export function needsId(by: string): string {
  return `\`query\` compares the id by ${by}, so that a player may get the balance of another one whose id is similar: add the stored id to its columns, as player_id`;
}

const SIGNS = /(?:(?!--|\/\*)[<>=!~*&|@#%^+/-])+/y;

/** Words, quoted names, strings and operators, without comments. */
function tokensOf(text: string, dialect: Dialect): readonly string[] {
  const tokens: string[] = [];
  for (let at = 0; at < text.length;) {
    const opaque = lengthOfOpaque(text, at, dialect);
    const length = opaque || (matchAt(NAMED, text, at) ?? matchAt(SIGNS, text, at) ?? [" "])[0].length;
    const token = text.slice(at, at + length);
    const isComment = opaque > 0 && /^(?:--|#|\/\*)/.test(token);
    if (!isComment && token.trim() !== "") tokens.push(token);
    at += length;
  }
  return tokens;
}

function nested(tokens: readonly string[]): readonly Node[] {
  const root: Node[] = [];
  const open: Node[][] = [];
  let inner = root;
  for (const token of tokens) {
    if (token === "(" || token === "[") {
      const group: Node[] = [];
      inner.push(group);
      open.push(inner);
      inner = group;
    } else if (token === ")" || token === "]") {
      inner = open.pop() ?? root;
    } else inner.push(token);
  }
  return root;
}

/** The innermost conditions that compare the parameter with something. */
function comparisonsIn(nodes: readonly Node[], parameter: string): readonly (readonly Node[])[] {
  return conditionsOf(nodes).flatMap((condition) => {
    const within = condition.map((node) => (isGroup(node) ? comparisonsIn(node, parameter) : []));
    const isOperand = condition.some((node, index) =>
      isGroup(node) ? within[index]?.length === 0 && flat(node).includes(parameter) : node === parameter,
    );
    const compares =
      isOperand &&
      condition.some(
        (node, index) =>
          !isGroup(node) &&
          (isOperator(node) || (isGroup(condition[index + 1]) && LOOSE_FUNCTIONS.has(node.toUpperCase()))),
      );
    return within.flat().concat(compares ? [condition] : []);
  });
}

function conditionsOf(nodes: readonly Node[]): readonly (readonly Node[])[] {
  const conditions: Node[][] = [[]];
  for (const [index, node] of nodes.entries()) {
    if (isGroup(node) || !isBoundary(node, nodes[index - 1])) conditions.at(-1)?.push(node);
    else conditions.push([]);
  }
  return conditions;
}

function isBoundary(token: string, before: Node | undefined): boolean {
  const word = token.toUpperCase();
  const isDistinctFrom = word === "FROM" && !isGroup(before) && before?.toUpperCase() === "DISTINCT";
  return BOUNDARIES.has(word) && !isDistinctFrom;
}

function isGroup(node: Node | undefined): node is readonly Node[] {
  return Array.isArray(node);
}

function isOperator(token: string): boolean {
  const word = token.toUpperCase();
  return EXACT_OPERATORS.has(word) || RANGE_OPERATORS.has(word) || isLooseOperator(word);
}

function isLooseOperator(word: string): boolean {
  return LOOSE_OPERATORS.has(word) || /^[^'"`\w]*~/.test(word);
}

/** Without quotes, which names may have. */
function flat(nodes: readonly Node[]): readonly string[] {
  return nodes.flatMap((node) =>
    isGroup(node)
      ? ["(", ...flat(node), ")"]
      : [node.replace(/^(["`])(.*)\1$/s, "$2").replace(/^\[(.+)\]$/s, "$1")],
  );
}

function isExact(comparison: readonly string[]): boolean {
  const operators = comparison.filter(isOperator);
  return operators.length === 1 && EXACT_OPERATORS.has(operators[0] ?? "");
}

/** What it names besides the parameter and types of text, as `table.column` if it is written so. */
function namesIn(comparison: readonly string[], parameter: string): readonly string[] {
  const references = comparison.join(" ").replaceAll(" . ", ".").split(" ");
  return references.filter(
    (each) =>
      /^[\p{L}_]/u.test(each) &&
      !each.endsWith(parameter) &&
      !/^(?:text|varchar|character|varying)$/i.test(each),
  );
}

function loosenessOf(tokens: readonly string[]): string | undefined {
  for (const [index, token] of tokens.entries()) {
    const word = token.toUpperCase();
    const next = tokens[index + 1] ?? "";
    if (isLooseOperator(word) || ARITHMETIC.has(word)) return word;
    if (word === "COLLATE" && LOOSE_COLLATION.test(next.toUpperCase())) return `COLLATE ${next}`;
    if (word === "::" && isLooseType(tokens.slice(index + 1))) return `::${next}`;
    if (next !== "(") continue;
    if (LOOSE_FUNCTIONS.has(word)) return `${token.toLowerCase()}()`;
    if (word === "CAST" || word === "CONVERT") {
      const type = tokens.slice(1 + tokens.findIndex((each, at) => at > index && /^(?:AS|,)$/i.test(each)));
      if (isLooseType(type)) return `${word} to ${type[0]}`;
    }
  }
  return undefined;
}

/** By what it takes more than one id of a column. What names no column, such as `length(:player_id) < 40`, takes none. */
function rangeOf(comparison: readonly string[], parameter: string): string | undefined {
  const columns = namesIn(
    comparison.filter(
      (token, index) => comparison[index + 1] !== "(" && !isOperator(token) && !/^NOT$/i.test(token),
    ),
    parameter,
  );
  return columns.length > 0
    ? comparison.find((token) => RANGE_OPERATORS.has(token.toUpperCase()))
    : undefined;
}

/** By what bytes are compared as text, which even a binary collation does: it takes no notice of spaces at the end. */
function textOf(tokens: readonly string[], parameter: string): string | undefined {
  for (const [index, token] of tokens.entries()) {
    const word = token.toUpperCase();
    if (word === "COLLATE") return `COLLATE ${tokens[index + 1]}`;
    if ((word !== "CAST" && word !== "CONVERT") || tokens[index + 1] !== "(") continue;
    const given = groupAt(tokens, index + 1);
    const type = given.findLastIndex((each) => /^(?:AS|,|USING)$/i.test(each)) + 1;
    if (given.includes(parameter) && !/^(?:BINARY|VARBINARY)$/i.test(given[type] ?? "")) {
      return `${word} to ${given[type]}`;
    }
  }
  return undefined;
}

/** What stands between the parenthesis there and the one that closes it. */
function groupAt(tokens: readonly string[], start: number): readonly string[] {
  let depth = 0;
  const end = tokens.findIndex((token, index) => {
    if (index < start) return false;
    if (token === "(") depth += 1;
    if (token === ")") depth -= 1;
    return depth === 0;
  });
  return tokens.slice(start + 1, end);
}

/** A length cuts off what is longer. */
function isLooseType([type = "", ...further]: readonly string[]): boolean {
  const after = /^VARYING$/i.test(further[0] ?? "") ? further[1] : further[0];
  return LOOSE_TYPES.has(type.toUpperCase()) || (/CHAR|BINARY/i.test(type) && after === "(");
}
