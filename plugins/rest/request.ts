import type { BalanceQuery } from "../../src/plugin.ts";
import { authorizer } from "../shared/authorize.ts";
import { idForHeader, isHeaderValue } from "../shared/header-id.ts";
import type { Options } from "./options.ts";
import { compileJsonTemplate, compileTemplate, isFixed, jsonText, render } from "./template.ts";
import { isFaithful, pathTemplate } from "./url.ts";

/** One question to the core, ready to be sent any number of times. */
export interface CoreRequest {
  /** With the query; the rest of the address is the same for every question. */
  readonly path: string;
  readonly method: "GET" | "POST";
  /** By lower-case names. */
  readonly headers: Record<string, string>;
  readonly body?: string;
  /** The player it asks about. */
  readonly playerId: string;
}

/** Some firewalls turn away clients without a User-Agent. */
export const USER_AGENT = "klas-balance";

const ACCEPT = { json: "application/json", xml: "application/xml, text/xml", text: "text/plain" };

/**
 * Compiles the options into a function from query to request. It throws if an id cannot be carried
 * to the core unchanged; then nothing is sent.
 */
export function requestBuilder(options: Options): (query: BalanceQuery) => CoreRequest {
  const url = pathTemplate(options.url);
  const body = options.body === undefined ? undefined : compileJsonTemplate(options.body);
  const authorize = authorizer(options.auth);
  const fixedHeaders: Record<string, string> = {
    accept: ACCEPT[options.format],
    "user-agent": USER_AGENT,
    // A cache on the way must ask the core (RFC 9111, section 5.2.1.4).
    "cache-control": "no-cache",
  };
  if (body !== undefined) fixedHeaders["content-type"] = "application/json";
  const headerTemplates: (readonly [name: string, template: ReturnType<typeof compileTemplate>])[] = [];
  for (const [name, text] of Object.entries(options.headers)) {
    const template = compileTemplate(text);
    if (isFixed(template)) fixedHeaders[name.toLowerCase()] = template.join("");
    else headerTemplates.push([name.toLowerCase(), template]);
  }

  return (query) => {
    const headers: Record<string, string> = {
      "x-request-id": idForHeader(query.requestId),
      traceparent: query.traceparent,
      ...fixedHeaders,
    };
    if (query.tracestate !== undefined) headers["tracestate"] ??= query.tracestate;
    for (const [name, template] of headerTemplates) {
      const value = render(template, query, asItIs);
      if (!isHeaderValue(value)) throw new Error(`header ${name} cannot carry this id`);
      headers[name] = value;
    }
    const path = render(url, query, encodeURIComponent);
    if (!isFaithful(path)) throw new Error("the path of the address cannot carry this id");
    const request = { path, method: options.method, headers, playerId: query.playerId };
    const text = body && render(body, query, jsonText);
    authorize(headers, text ?? "");
    return text === undefined ? request : { ...request, body: text };
  };
}

function asItIs(text: string): string {
  return text;
}
