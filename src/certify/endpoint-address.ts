import { withoutBrackets } from "../config/address.ts";

/** Where to connect to, and what to ask for there. */
export interface EndpointAddress {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** The value of the `Host` header. */
  readonly authority: string;
  readonly path: string;
  /** What the connection is made through. */
  readonly proxy?: ProxyAddress | undefined;
  /** For a server of this machine, which is asked by an address that its certificate does not name. */
  readonly trustsAnyCertificate?: boolean;
}

/** An HTTP proxy that makes tunnels (CONNECT). */
export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  /** The value of `Proxy-Authorization`, if the proxy's URL has a user. */
  readonly authorization: string | undefined;
}

/** The endpoint of a WEBHOOK_URL, to which `/balance` is added; `undefined` if it is not an http(s) URL. */
export function endpointOf(webhookUrl: string): EndpointAddress | undefined {
  if (!URL.canParse(webhookUrl)) return undefined;
  const url = new URL(webhookUrl);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const tls = url.protocol === "https:";
  const path = `${url.pathname.replace(/\/+$/, "")}/balance`;
  return {
    url: `${url.origin}${path}`,
    host: withoutBrackets(url.hostname),
    port: url.port === "" ? (tls ? 443 : 80) : Number(url.port),
    tls,
    authority: url.host,
    path,
  };
}

/** Another endpoint below the same WEBHOOK_URL. */
export function besides(balance: EndpointAddress, name: string): EndpointAddress {
  const renamed = (text: string): string => text.replace(/\/balance$/, `/${name}`);
  return { ...balance, url: renamed(balance.url), path: renamed(balance.path) };
}

/** The proxy that a URL names; `undefined` if it is not an http URL, or says more than where the proxy is. */
export function proxyOf(text: string): ProxyAddress | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== "http:" || url.pathname !== "/" || url.search !== "") return undefined;
  const { username, password } = url;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return {
    host: withoutBrackets(url.hostname),
    port: url.port === "" ? 80 : Number(url.port),
    authorization: username === "" ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`,
  };
}
