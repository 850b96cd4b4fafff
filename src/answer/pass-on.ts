import { looseRequest } from "../protocol/request.ts";
import type { Call } from "./call.ts";
import type { Answer } from "./endpoint.ts";
import type { Service } from "./service.ts";
import { staleness } from "./staleness.ts";

/** Passes a call on to the core. The core judges what the body says, except for a timestamp that is too old. */
export function passOn(
  endpoint: string,
  body: Uint8Array,
  call: Call,
  service: Service,
): Answer | Promise<Answer> {
  const { forwarder } = service;
  const { request_id: requestId, player_id: playerId, timestamp } = looseRequest(body);
  call.requestId = requestId;
  call.playerId = playerId;
  const stale = timestamp === undefined ? undefined : staleness(timestamp, service);
  if (stale !== undefined) return stale;
  // A reload may have come while the body did.
  if (forwarder === undefined) return { reason: "source_failed", detail: "calls are no longer forwarded" };
  return forwarder.pass({ endpoint, headers: call.headers, body, requestId, trace: call.trace });
}
