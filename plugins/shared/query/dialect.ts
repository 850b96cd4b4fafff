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
  /** The id is bound as bytes, which are exact until something makes text of them, or gives a collation. */
  readonly bindsBytes?: true;
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
  bindsBytes: true,
};

/** Names in brackets and backticks, too. What SQLite calls a parameter begins with any of `?`, `@`, `$` and `:`. */
export const SQLITE: Dialect = {
  opaque: /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|[\p{L}_][\p{L}\p{N}_$]*/suy,
  positional: /[?@$][\p{L}\p{N}_$:]*/uy,
  nestsComments: false,
};

/** What is written as a parameter with a name. */
export const NAMED = /:([\p{L}_][\p{L}\p{N}_]*)/uy;

/** Needs a pattern with the flag `y`. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/** How many characters from there on are not code; 0 if it is code. */
export function lengthOfOpaque(text: string, at: number, dialect: Dialect): number {
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
