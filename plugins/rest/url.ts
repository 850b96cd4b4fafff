const ORIGIN = /^https?:\/\/[^/?#\\]+/i;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const BLANK_OR_CONTROL = /[\u0000-\u0020\u007f\\]/;
const PLACEHOLDER = /\{[^{}]*\}/g;

/** `.` and `..` as a whole path segment, also in disguise: a URL parser removes them, and with them the segment before. */
const DOT_SEGMENT = /\/(?:\.|%2[eE]){1,2}(?=\/|$)/;

/** What is wrong with an address, which may be a template, or `undefined`. Never shows the address: it may hold a key. */
export function urlProblem(text: string): string | undefined {
  const origin = ORIGIN.exec(text)?.[0];
  if (origin === undefined) return "expected an address that starts with http:// or https://";
  if (BLANK_OR_CONTROL.test(text))
    return "expected an address without spaces, control characters and backslashes";
  if (origin.includes("{")) return "expected placeholders in the path or the query, not in the host";
  if (origin.includes("@")) return "expected no user or password in the address: they belong in auth";
  if (text.includes("#")) return "expected no fragment (#…): it is not sent";
  if (!URL.canParse(text.replace(PLACEHOLDER, "x"))) return "expected a valid address";
  if (hasDotSegment(text)) return "expected a path without . and .. segments";
  return undefined;
}

/** True where a parser would change the path of this address (WHATWG URL, "single-dot" and "double-dot" segments). */
export function hasDotSegment(url: string): boolean {
  const query = url.indexOf("?");
  return DOT_SEGMENT.test(query === -1 ? url : url.slice(0, query));
}
