import type { BalanceQuery } from "../plugin.ts";
import { replyBody } from "../protocol/reply.ts";
import { clockSkewSeconds, parseRequest } from "../protocol/request.ts";
import { sign, SIGNATURE_HEADER, verify } from "../protocol/signature.ts";
import { type Outcome, statusCodeOf } from "../protocol/status.ts";
import { readBody } from "./body.ts";
import { beginCall, type Call, type Connection } from "./call.ts";
import { logCall } from "./call-log.ts";
import type { Service } from "./service.ts";

/**
 * Answers one POST on the endpoint. Bytes → signature → request → source → amount → reply → bytes:
 * each step either hands on or ends the call with an outcome, and every outcome is signed (spec 1).
 */
export async function handleBalance(
  request: Request,
  connection: Connection,
  current: () => Service,
): Promise<Response> {
  let service = current();
  const call = beginCall(request, connection, service.keys[0]);
  try {
    const received = await readBody(request, service.maxBodyBytes);
    // A reload may have come while the body did; a source that was replaced must not be asked any more.
    service = current();
    call.key = service.keys[0];
    if (!received.whole) {
      const { problem, status, endsConnection } = received;
      return reply({ reason: "invalid_body", detail: problem }, call, service, { status, endsConnection });
    }
    call.body = received.body;
    const outcome = decide(received.body, request.headers, call, service);
    return reply(outcome instanceof Promise ? await outcome : outcome, call, service);
  } catch (error) {
    service.log.error("a bug: please report it", {
      stack: error instanceof Error ? String(error.stack) : String(error),
    });
    return reply({ reason: "source_failed", detail: "a bug" }, call, service);
  }
}

function decide(
  body: Uint8Array,
  headers: Headers,
  call: Call,
  service: Service,
): Outcome | Promise<Outcome> {
  const signature = headers.get(SIGNATURE_HEADER);
  const verification = verify(body, signature, service.keys);
  if (!verification.valid) {
    call.signature = signature;
    return { reason: "bad_signature", detail: verification.problem };
  }
  call.key = verification.key;
  service.recorder?.secretUsed(service.secretIds[service.keys.indexOf(verification.key)] ?? "");

  const parsed = parseRequest(body);
  const known = parsed.valid ? parsed.request : parsed.known;
  call.requestId = known?.request_id;
  call.playerId = known?.player_id;
  if (!parsed.valid) return { reason: "invalid_body", detail: parsed.problem };
  const { request_id, session_id, player_id, timestamp } = parsed.request;

  const { maxClockSkewSeconds, metrics } = service;
  if (maxClockSkewSeconds !== undefined || metrics !== undefined) {
    const skewSeconds = clockSkewSeconds(timestamp, Date.now());
    metrics?.skewed(skewSeconds);
    if (maxClockSkewSeconds !== undefined && Math.abs(skewSeconds) > maxClockSkewSeconds) {
      return { reason: "stale_timestamp", detail: `the timestamp is ${skewSeconds.toFixed(3)} s from now` };
    }
  }

  const query: BalanceQuery = {
    playerId: player_id,
    sessionId: session_id,
    requestId: request_id,
    timestamp,
    get traceparent() {
      return call.trace().traceparent;
    },
    get tracestate() {
      return call.trace().tracestate;
    },
  };
  return service.source.lookup(query);
}

function reply(
  outcome: Outcome,
  call: Call,
  service: Service,
  { status = 200, endsConnection = false } = {},
): Response {
  const statusCode = statusCodeOf(outcome, service.statusCodes);
  const body = replyBody(statusCode, outcome.reason === "ok" ? outcome.balance : undefined);
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    [SIGNATURE_HEADER]: sign(body, call.key),
  };
  if (endsConnection || call.connection.isEnding()) headers["Connection"] = "close";
  const response = new Response(body, { status, headers });
  service.metrics?.answered(
    outcome.reason,
    statusCode,
    (performance.now() - call.connection.arrivedMs) / 1000,
  );
  logCall(outcome, statusCode, call, service);
  return response;
}
