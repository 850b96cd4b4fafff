import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type Endpoint, endpointOf, type Proxy, proxyOf } from "../certify/endpoint.ts";

/** The endpoint of an option that is a WEBHOOK_URL. */
export function parseWebhookUrl(text: string): Endpoint {
  const endpoint = endpointOf(text);
  if (endpoint === undefined) throw new InvalidArgumentError("Expected an http:// or https:// URL.");
  return endpoint;
}

/** `--proxy URL`, for every command that calls an endpoint. */
export function proxyOption(): Option<"--proxy <url>", undefined, undefined, Proxy> {
  return new Option(
    "--proxy <url>",
    "an HTTP proxy to go through (CONNECT); variables such as HTTPS_PROXY do not count",
  ).argParser(parseProxy);
}

function parseProxy(text: string): Proxy {
  const proxy = proxyOf(text);
  if (proxy === undefined) throw new InvalidArgumentError("Expected a URL such as http://proxy:3128.");
  return proxy;
}
