import { compileTemplate, type Template } from "./template.ts";

const ORIGIN = /^https?:\/\/[^/?#\\]+/i;
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const BLANK_OR_CONTROL = /[\u0000-\u0020\u007f\\]/;
const NOT_SENT = /[^\x21-\x7e]+|["<>^`{|}]/g;
const PLACEHOLDER = /\{[^{}]*\}/g;

/** `.` and `..` as a whole path segment, also encoded: a URL parser removes them, and the segment before as well. */
const DOT_SEGMENT = /\/(?:\.|%2E){1,2}(?=\/|$)/i;

/** An encoded slash beside an empty segment or one of dots. Many proxies decode it and then clean up the path. */
const ENCODED_SLASH = /(?:\/|%2F|%5C)(?:\.|%2E){0,2}(?:%2F|%5C)|(?:%2F|%5C)(?:\.|%2E){0,2}(?=\/|$)/i;

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
  if (!isFaithful(text)) return "expected a path without . and .. segments";
  return undefined;
}

/** What is wrong with a proxy's address, or `undefined`. A user and a password may be in it, so it is never shown. */
export function proxyProblem(text: string): string | undefined {
  const url = ORIGIN.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) return "expected the URL of an HTTP proxy, such as http://proxy.internal:3128";
  if (!isDecodable(url.username + url.password))
    return "expected a user and a password that are percent-encoded";
  return url.pathname + url.search + url.hash === "/" ? undefined : "expected no path after the proxy's port";
}

function isDecodable(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}

/** Whether this path, or the path of this address, arrives unchanged, whatever proxies are on the way. */
export function isFaithful(url: string): boolean {
  const query = url.indexOf("?");
  const path = query === -1 ? url : url.slice(0, query);
  return !DOT_SEGMENT.test(path) && !ENCODED_SLASH.test(path);
}

/** The address without path and query, which is the same for every call. */
export function originOf(template: string): URL {
  return new URL(ORIGIN.exec(template)?.[0] ?? "");
}

/** Whether both addresses are of one host, asked in the same way on the same port. */
export function isSameOrigin(template: string, other: string): boolean {
  return originOf(template).origin === originOf(other).origin;
}

/** Path and query of an address without placeholders. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return pathname + search;
}

/**
 * The template of path and query as they are sent. What an address may hold but a request line may not is encoded.
 */
export function pathTemplate(template: string): Template {
  const path = template.replace(ORIGIN, "");
  return compileTemplate(path.startsWith("/") ? path : `/${path}`).map((part) =>
    typeof part === "string" ? part.replaceAll(NOT_SENT, encodeURIComponent) : part,
  );
}
