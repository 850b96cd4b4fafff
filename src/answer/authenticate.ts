import type { ExponentOf } from "../protocol/currency.ts";
import type { Outcome } from "../protocol/status.ts";
import type { Call } from "./call.ts";
import { lookUp } from "./lookup.ts";
import type { Service } from "./service.ts";

/** Klas's launch call: a lookup whose answer must have a currency. */
export function authenticate(body: Uint8Array, call: Call, service: Service): Outcome | Promise<Outcome> {
  const outcome = lookUp(body, call, service);
  return outcome instanceof Promise
    ? outcome.then((awaited) => withCurrency(awaited, service))
    : withCurrency(outcome, service);
}

/** Where a player's currency comes from: the source, else the configuration. */
export interface Currencies {
  readonly currency: string | undefined;
  readonly exponentOf: ExponentOf;
}

/**
 * The outcome with the currency that `authenticate` answers. Without a known currency the call has failed (spec 1.5).
 */
export function withCurrency(outcome: Outcome, { currency: byDefault, exponentOf }: Currencies): Outcome {
  if (outcome.reason !== "ok") return outcome;
  const currency = outcome.currency ?? byDefault;
  if (currency === undefined) return failed("the source names no currency, and webhook.currency is not set");
  if (exponentOf(currency) === undefined) {
    return failed(`the currency ${currency} is neither in ISO 4217 nor in [currencies]`);
  }
  return outcome.currency === undefined ? { ...outcome, currency } : outcome;
}

function failed(detail: string): Outcome {
  return { reason: "source_failed", detail };
}
