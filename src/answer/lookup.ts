import type { BalanceQuery } from "../plugin.ts";
import { parseRequest } from "../protocol/request.ts";
import type { Outcome } from "../protocol/status.ts";
import type { Call } from "./call.ts";
import type { Service } from "./service.ts";
import { staleness } from "./staleness.ts";

/** Reads the request and looks the player up. Answers without a promise if the source does. */
export function lookUp(body: Uint8Array, call: Call, service: Service): Outcome | Promise<Outcome> {
  const parsed = parseRequest(body);
  const known = parsed.valid ? parsed.request : parsed.known;
  call.requestId = known?.request_id;
  call.playerId = known?.player_id;
  if (!parsed.valid) return { reason: "invalid_body", detail: parsed.problem };
  const { request_id, session_id, player_id, timestamp } = parsed.request;
  const stale = staleness(timestamp, service);
  if (stale !== undefined) return stale;
  const query: BalanceQuery = {
    playerId: player_id,
    sessionId: session_id,
    requestId: request_id,
    timestamp,
    traceparent: call.trace.traceparent,
    tracestate: call.trace.tracestate,
  };
  return service.source.lookup(query);
}
