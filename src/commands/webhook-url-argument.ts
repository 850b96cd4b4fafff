import { InvalidArgumentError } from "@commander-js/extra-typings";
import type { Endpoint } from "../certify/connection.ts";
import { endpointOf } from "../certify/endpoint.ts";

/** The endpoint of an option that is a WEBHOOK_URL. */
export function parseWebhookUrl(text: string): Endpoint {
  const endpoint = endpointOf(text);
  if (endpoint === undefined) throw new InvalidArgumentError("Expected an http:// or https:// URL.");
  return endpoint;
}
