import { isRead, notAllowed } from "../answer/listener.ts";
import type { Access } from "./access.ts";
import { pageAssets } from "./page-assets.ts";

/** What a browser may do with the page: run and show what came from here, and nothing else (spec 5). */
const SECURITY_HEADERS = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  // A binary that was replaced must not be shown by the page of the one before.
  "Cache-Control": "no-store",
} as const;

/** Adds what keeps an answer of the admin listener from being used by another site. */
export function secured(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  return response;
}

/**
 * `GET /` and the page's files. They are the program's own and tell nothing, so no token is needed; but they come by no
 * foreign name either.
 */
export function pageRoutes(
  access: Access,
): Record<string, (request: Request) => Response | Promise<Response>> {
  let assets: ReturnType<typeof pageAssets> | undefined;
  const serve = (name: string) => (request: Request) =>
    access.refusalOfHost(request) ?? (isRead(request) ? respond(name) : notAllowed("GET, HEAD"));

  async function respond(name: string): Promise<Response> {
    // From source it is bundled when somebody asks, so that a start does not wait for it.
    assets ??= pageAssets();
    const asset = (await assets).get(name);
    if (asset === undefined) throw new Error(`the page has no ${name}`);
    return new Response(asset.bytes, { headers: { "Content-Type": asset.type } });
  }

  return {
    "/": serve("index.html"),
    "/page/main.js": serve("main.js"),
    "/page/style.css": serve("style.css"),
    "/page/icon.svg": serve("icon.svg"),
  };
}
