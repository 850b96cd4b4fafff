import type { PassedOn } from "../forward/core-reply.ts";
import type { Outcome } from "../protocol/status.ts";
import type { Call } from "./call.ts";
import type { Service } from "./service.ts";

/** What a call is answered: an outcome of our own, or a core's reply as it is. */
export type Answer = Outcome | PassedOn;

/** One of the addresses below the WEBHOOK_URL. */
export interface Endpoint {
  /** The last part of its path. */
  readonly name: string;
  /** Where its answers come from, for the log: a source, or the core behind `webhook.forward`. */
  readonly origin: (service: Service) => string;
  readonly maxBodyBytes: (service: Service) => number;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: (service: Service) => number;
  /** Whether the player's currency stands before the balance. */
  readonly showsCurrency: boolean;
  /** Answers a call whose signature holds. */
  readonly answer: (body: Uint8Array, call: Call, service: Service) => Answer | Promise<Answer>;
}
