import type { Config } from "../config/load.ts";
import { authenticate } from "./authenticate.ts";
import type { Endpoint } from "./endpoint.ts";
import { lookUp } from "./lookup.ts";
import { passOn } from "./pass-on.ts";
import type { Service } from "./service.ts";

/** The endpoints that a configuration asks for, `balance` first. What is answered here is not passed on. */
export function endpointsOf({
  authenticate: authenticates,
  forward,
}: Config["webhook"]): readonly [Endpoint, ...Endpoint[]] {
  const further = authenticates ? [AUTHENTICATE] : [];
  const passedOn = new Set(forward?.endpoints);
  for (const { name } of [BALANCE, ...further]) passedOn.delete(name);
  return [BALANCE, ...further, ...Array.from(passedOn, forwardedEndpoint)];
}

const OF_THE_SOURCE = {
  origin: ({ sourceName }: Service) => sourceName,
  maxBodyBytes: ({ maxBodyBytes }: Service) => maxBodyBytes,
  timeoutMs: ({ timeoutMs }: Service) => timeoutMs,
};

/** Spec 1.1 to 1.3. */
export const BALANCE: Endpoint = { ...OF_THE_SOURCE, name: "balance", showsCurrency: false, answer: lookUp };

/** Spec 1.5. */
export const AUTHENTICATE: Endpoint = {
  ...OF_THE_SOURCE,
  name: "authenticate",
  showsCurrency: true,
  answer: authenticate,
};

/** Spec 1.6. */
function forwardedEndpoint(name: string): Endpoint {
  return {
    name,
    origin: () => "forward",
    // After a reload that turned forwarding off, no more than this is read.
    maxBodyBytes: ({ forwarder, maxBodyBytes }) => forwarder?.maxBodyBytes ?? maxBodyBytes,
    timeoutMs: ({ forwarder }) => forwarder?.timeoutMs ?? 0,
    showsCurrency: false,
    answer: (body, call, service) => passOn(name, body, call, service),
  };
}
