import {
  isExactOperator,
  isLooseFunction,
  isLooseOperator,
  isOperator,
  isRangeOperator,
} from "./comparing-words.ts";
import { comparisonsOf, namesIn, tokensOf } from "./comparisons.ts";
import type { Dialect } from "./dialect.ts";

/** With one of these, what one condition keeps out may be let in by another. */
const WIDENING: ReadonlySet<string> = new Set("OR XOR NOT UNION CASE || <> !=".split(" "));

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
  const comparisons = comparisonsOf(tokens, parameter);
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

/** For the operator: what a query needs that compares loosely. */
export function needsId(by: string): string {
  return `\`query\` compares the id by ${by}, so that a player may get the balance of another one whose id is similar: add the stored id to its columns, as player_id`;
}

function isExact(comparison: readonly string[]): boolean {
  const operators = comparison.filter(isOperator);
  return operators.length === 1 && isExactOperator(operators[0] ?? "");
}

function loosenessOf(tokens: readonly string[]): string | undefined {
  for (const [index, token] of tokens.entries()) {
    const word = token.toUpperCase();
    const next = tokens[index + 1] ?? "";
    if (isLooseOperator(word) || ARITHMETIC.has(word)) return word;
    if (word === "COLLATE" && LOOSE_COLLATION.test(next.toUpperCase())) return `COLLATE ${next}`;
    if (word === "::" && isLooseType(tokens.slice(index + 1))) return `::${next}`;
    if (next !== "(") continue;
    if (isLooseFunction(token)) return `${token.toLowerCase()}()`;
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
  return columns.length > 0 ? comparison.find(isRangeOperator) : undefined;
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
