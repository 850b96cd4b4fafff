import type { LogLevel } from "../observe/line.ts";
import type { Outcome, Reason } from "../protocol/status.ts";
import type { Call } from "./call.ts";
import type { Service } from "./service.ts";

const LOG_LEVELS = {
  ok: "info",
  refused: "info",
  player_not_found: "info",
  bad_signature: "warn",
  stale_timestamp: "warn",
  invalid_body: "warn",
  source_timeout: "error",
  source_failed: "error",
  overloaded: "error",
} as const satisfies Record<Reason, LogLevel>;

/** One line a call, as spec 5 has it. */
export function logCall(
  outcome: Outcome,
  statusCode: string,
  call: Call,
  { log, sourceName }: Service,
): void {
  const level = LOG_LEVELS[outcome.reason];
  if (!log.has(level)) return;
  const detail = "detail" in outcome ? outcome.detail : undefined;
  const evidence = outcome.reason === "bad_signature" ? call.body : undefined;
  const { address, unreadableHop } = call.connection.caller();
  log.request(level, {
    endpoint: "balance",
    request_id: call.requestId,
    player_id: call.playerId,
    status_code: statusCode,
    reason: outcome.reason,
    duration_ms: Math.round((performance.now() - call.connection.arrivedMs) * 1000) / 1000,
    source: sourceName,
    remote: address,
    unreadable_hop: unreadableHop,
    trace_id: call.trace().traceId,
    detail,
    body_bytes: evidence?.length,
    body_sha256: evidence && Bun.SHA256.hash(evidence, "hex"),
  });
}
