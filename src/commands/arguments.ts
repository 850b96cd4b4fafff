import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { type EndpointAddress, endpointOf, type Proxy, proxyOf } from "../certify/endpoint-address.ts";
import { describeFileError } from "../file-error.ts";
import { Failure } from "../failure.ts";

/** Reads an option that is a whole number with bounds. */
export function integerFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

const STDIN = 0;

/**
 * The exact bytes of `[FILE|-]`: a file's or, for `-` or nothing, those of standard input. Throws a `Failure`
 * of status 2, because with `explain` status 1 says that the signature does not fit.
 */
export function readBodyArgument(file = "-"): Uint8Array {
  try {
    return readFileSync(file === "-" ? STDIN : file);
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${describeFileError(error)}`, 2);
  }
}

/** The endpoint of an option that is a WEBHOOK_URL. */
export function parseWebhookUrl(text: string): EndpointAddress {
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
