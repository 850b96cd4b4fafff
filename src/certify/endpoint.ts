import type { Endpoint } from "./connection.ts";

/** The endpoint of a WEBHOOK_URL, to which `/balance` is added; `undefined` where it is no http(s) URL. */
export function endpointOf(webhookUrl: string): Endpoint | undefined {
  if (!URL.canParse(webhookUrl)) return undefined;
  const url = new URL(webhookUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const tls = url.protocol === "https:";
  const path = `${url.pathname.replace(/\/+$/, "")}/balance`;
  return {
    url: `${url.origin}${path}`,
    // An IPv6 address stands in brackets in a URL and without them everywhere else.
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    tls,
    authority: url.host,
    path,
  };
}
