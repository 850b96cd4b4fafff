import type { LogLevel } from "../observe/line.ts";
import type { Reason } from "../protocol/status.ts";
import type { Call } from "./call.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
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

/** Tells what became of a call to whoever wants to know: the metrics, the log (spec 5), and those who watch the server. */
export function reportCall(
  endpoint: Endpoint,
  answer: Answer,
  statusCode: string,
  call: Call,
  service: Service,
): void {
  const { log, metrics, recorder } = service;
  const { reason } = answer;
  const level = LOG_LEVELS[reason];
  const isLogged = log.has(level);
  if (!isLogged && metrics === undefined && recorder === undefined) return;
  const tookMs = performance.now() - call.arrivedMs;
  metrics?.answered(endpoint.name, reason, statusCode, tookMs / 1000);
  const detail = detailOf(answer, call);
  const durationMs = Math.round(tookMs * 1000) / 1000;
  // It costs something, and nobody needs it for a call that went well and is not logged.
  const caller =
    isLogged || reason !== "ok" ? (call.caller ?? call.transport.callerOf(call.request)) : undefined;
  const failedBody = reason === "bad_signature" ? call.body : undefined;
  if (isLogged) {
    log.request(level, {
      endpoint: endpoint.name,
      request_id: call.requestId,
      player_id: call.playerId,
      status_code: statusCode,
      reason,
      duration_ms: durationMs,
      source: endpoint.origin(service),
      remote: caller?.address ?? "",
      unreadable_hop: caller?.unreadableHop,
      trace_id: call.trace.traceId,
      detail,
      body_bytes: failedBody?.length,
      body_sha256: failedBody && Bun.SHA256.hash(failedBody, "hex"),
    });
  }
  if (recorder === undefined) return;
  const timeMs = Date.now();
  if (call.isVerified) recorder.secretUsed(service.secretIds[service.keys.indexOf(call.key)] ?? "", timeMs);
  if (!recorder.answered(timeMs, endpoint.name, reason, durationMs, call.playerId)) return;
  recorder.keep({
    time_ms: timeMs,
    endpoint: endpoint.name,
    reason,
    status_code: statusCode,
    duration_ms: durationMs,
    request_id: call.requestId,
    player_id: call.playerId,
    remote: caller?.address,
    trace_id: call.trace.traceId,
    detail,
  });
  if (failedBody === undefined) return;
  recorder.signatureFailed({
    time_ms: timeMs,
    endpoint: endpoint.name,
    remote: caller?.address ?? "",
    problem: detail ?? "",
    signature: call.signature ?? null,
    body: failedBody,
  });
}

/** An answer that nobody got may look well otherwise, and whoever looks for it finds its line. */
function detailOf(answer: Answer, { hasHungUp = false }: Call): string | undefined {
  const own = "detail" in answer ? answer.detail : undefined;
  if (!hasHungUp) return own;
  return own === undefined ? HUNG_UP : `${own}; ${HUNG_UP}`;
}

const HUNG_UP = "the caller had hung up";
