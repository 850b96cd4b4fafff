import * as v from "valibot";
/** The parameters that an operator's query may use. They are bound, never spliced into the text. */
export type Parameter = "player_id" | "session_id";

/** How a dialect of SQL writes what is not code, in which a colon is not a parameter. */
export interface Dialect {
  /**
   * Strings, quoted names, line comments, and words that a quote may follow or a colon belong to. A match is left
   * unchanged. Needs the flags `y` and `u`.
   */
  readonly opaque: RegExp;
  /** A parameter without a name, which would be taken for one of ours. Needs the flag `y`. */
  readonly positional: RegExp;
  /** Whether a comment may hold another one. */
  readonly nestsComments: boolean;
}

/** `E''` with backslashes, `$tag$…$tag$`, `::type`; a word is eaten whole, because `a$b$c` is one. */
export const POSTGRES: Dialect = {
  opaque:
    /[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|::|:=|(\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$).*?\1|[\p{L}_][\p{L}\p{N}_$]*/suy,
  positional: /\$\d+/y,
  nestsComments: true,
};

/** Backslashes in strings, `# comment`, `:=`; `--` begins a comment only before white space. */
export const MYSQL: Dialect = {
  opaque:
    /'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`|--(?=\s|$)[^\n]*|#[^\n]*|:=|[\p{L}_][\p{L}\p{N}_$]*/suy,
  positional: /\?/y,
  nestsComments: false,
};

/** Names in brackets and backticks, too. What SQLite calls a parameter begins with any of `?`, `@`, `$` and `:`. */
export const SQLITE: Dialect = {
  opaque: /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|[\p{L}_][\p{L}\p{N}_$]*/suy,
  positional: /[?@$][\p{L}\p{N}_$:]*/uy,
  nestsComments: false,
};

/** An operator's query, taken apart once. */
export interface Query {
  readonly uses: ReadonlySet<Parameter>;
  /** The text with something in place of each parameter. */
  render(placeholder: (parameter: Parameter) => string): string;
}

const PARAMETERS: ReadonlySet<string> = new Set<Parameter>(["player_id", "session_id"]);
const NAMED = /:([\p{L}_][\p{L}\p{N}_]*)/uy;

/** Throws, with a message for the operator, if it is not one statement that uses `:player_id`. */
export function parseQuery(text: string, dialect: Dialect): Query {
  const pieces: (string | { readonly parameter: Parameter })[] = [];
  const uses = new Set<Parameter>();
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const skipped = lengthOfOpaque(text, at, dialect);
    if (skipped > 0) {
      plain += text.slice(at, at + skipped);
      at += skipped;
      continue;
    }
    if (text[at] === ";") {
      assertNothingFollows(text, at + 1, dialect);
      break;
    }
    const positional = matchAt(dialect.positional, text, at);
    if (positional !== undefined) throw unknown(positional[0]);
    const named = matchAt(NAMED, text, at);
    if (named === undefined) {
      plain += text[at];
      at += 1;
      continue;
    }
    const [whole, name = ""] = named;
    if (!isParameter(name)) throw unknown(whole);
    uses.add(name);
    pieces.push(plain, { parameter: name });
    plain = "";
    at += whole.length;
  }
  pieces.push(plain.trimEnd());
  if (!uses.has("player_id")) {
    throw new Error("`query` does not use :player_id: expected something like WHERE id = :player_id");
  }
  return {
    uses,
    render: (placeholder) =>
      pieces.map((piece) => (typeof piece === "string" ? piece : placeholder(piece.parameter))).join(""),
  };
}

function isParameter(name: string): name is Parameter {
  return PARAMETERS.has(name);
}

function unknown(parameter: string): Error {
  return new Error(
    `\`query\` has the parameter ${parameter}: expected :player_id, and :session_id if it helps`,
  );
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/** How many characters from there on are not code; 0 if it is code. */
function lengthOfOpaque(text: string, at: number, dialect: Dialect): number {
  if (text.startsWith("/*", at)) return lengthOfComment(text, at, dialect);
  return matchAt(dialect.opaque, text, at)?.[0].length ?? 0;
}

function lengthOfComment(text: string, at: number, { nestsComments }: Dialect): number {
  let depth = 0;
  for (let end = at; end < text.length; end += 1) {
    if (text.startsWith("/*", end) && (depth === 0 || nestsComments)) {
      depth += 1;
      end += 1;
    } else if (text.startsWith("*/", end)) {
      depth -= 1;
      end += 1;
      if (depth === 0) return end + 1 - at;
    }
  }
  return text.length - at;
}

/** A server would run, or refuse, what follows the first statement. */
function assertNothingFollows(text: string, from: number, dialect: Dialect): void {
  for (let at = from; at < text.length;) {
    const isComment = text.startsWith("/*", at) || text.startsWith("--", at) || text.startsWith("#", at);
    const skipped = isComment ? lengthOfOpaque(text, at, dialect) : 0;
    if (skipped === 0 && !/[\s;]/.test(text[at] ?? "")) throw new Error("`query` is not one SELECT");
    at += Math.max(skipped, 1);
  }
}

/** The option `query`: an operator's SELECT, taken apart. */
export function queryOption(dialect: Dialect) {
  return v.pipe(
    v.string("expected a SELECT with :player_id"),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      try {
        return parseQuery(dataset.value, dialect);
      } catch (error) {
        addIssue({ message: error instanceof Error ? error.message : String(error) });
        return NEVER;
      }
    }),
  );
}
