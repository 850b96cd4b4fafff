import { isLooseFunction, isOperator } from "./comparing-words.ts";
import { type Dialect, lengthOfOpaque, matchAt, NAMED } from "./dialect.ts";

/** A token, or what stands between two parentheses. */
type Node = string | readonly Node[];

/** Where one condition, or what is not one, ends and the next begins. */
const BOUNDARIES: ReadonlySet<string> = new Set(
  ", AND OR XOR SELECT FROM JOIN ON WHERE GROUP HAVING ORDER BY LIMIT UNION CASE WHEN THEN ELSE END AS".split(
    " ",
  ),
);

/** The innermost conditions in which the parameter is compared with something, each as its tokens, without quotes. */
export function comparisonsOf(tokens: readonly string[], parameter: string): readonly (readonly string[])[] {
  return comparisonsIn(nested(tokens), parameter).map(flat);
}

/** The columns, as the text names them, with which it compares the parameter, whatever stands around them. */
export function comparedWith(text: string, parameter: string, dialect: Dialect): readonly string[] {
  const comparisons = comparisonsOf(tokensOf(text, dialect), parameter);
  return comparisons.flatMap((each) => namesIn(each, parameter));
}

/** What it names besides the parameter and types of text, as `table.column` if it is written so. */
export function namesIn(comparison: readonly string[], parameter: string): readonly string[] {
  const references = comparison.join(" ").replaceAll(" . ", ".").split(" ");
  return references.filter(
    (each) =>
      /^[\p{L}_]/u.test(each) &&
      !each.endsWith(parameter) &&
      !/^(?:text|varchar|character|varying)$/i.test(each),
  );
}

const SIGNS = /(?:(?!--|\/\*)[<>=!~*&|@#%^+/-])+/y;

/** Words, quoted names, strings and operators, without comments. */
export function tokensOf(text: string, dialect: Dialect): readonly string[] {
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
          !isGroup(node) && (isOperator(node) || (isGroup(condition[index + 1]) && isLooseFunction(node))),
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

/** Without quotes, which names may have. */
function flat(nodes: readonly Node[]): readonly string[] {
  return nodes.flatMap((node) =>
    isGroup(node)
      ? ["(", ...flat(node), ")"]
      : [node.replace(/^(["`])(.*)\1$/s, "$2").replace(/^\[(.+)\]$/s, "$1")],
  );
}
