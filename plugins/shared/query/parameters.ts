import * as v from "valibot";
import { type Dialect, lengthOfOpaque, matchAt, NAMED } from "./dialect.ts";
import { looseComparison } from "./loose.ts";

/** The parameters that an operator's query may use. They are bound, never spliced into the text. */
export type Parameter = "player_id" | "session_id";

/** An operator's query, taken apart once. */
export interface Query {
  readonly uses: ReadonlySet<Parameter>;
  /** The text with something in place of each parameter. */
  render(placeholder: (parameter: Parameter) => string): string;
  /** By what it compares the player's id, such as `LIKE`, if that takes one id for another. */
  readonly looseBy: string | undefined;
}

const PARAMETERS: ReadonlySet<string> = new Set<Parameter>(["player_id", "session_id"]);

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
    looseBy: looseComparison(text, ":player_id", dialect),
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
