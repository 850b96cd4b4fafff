import { replyBody } from "../protocol/reply.ts";
import { sign, SIGNATURE_HEADER, verify } from "../protocol/signature.ts";
import { statusCodeOf } from "../protocol/status.ts";
import { readBody } from "./body.ts";
import { reportBug } from "./bug.ts";
import { beginCall, type Call, traceOf, type Transport } from "./call.ts";
import { logCall } from "./call-log.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
import type { Service } from "./service.ts";
import { trimmedSecretHint } from "./trimmed-secrets.ts";

/**
 * Answers one POST on an endpoint. Bytes → signature → request → source, or core → reply → bytes: each step either
 * hands on or ends the call with an answer, and every answer is signed (spec 1).
 */
export async function handleCall(
  endpoint: Endpoint,
  request: Request,
  arrivedMs: number,
  transport: Transport,
  current: () => Service,
): Promise<Response> {
  let service = current();
  const call = beginCall(request, arrivedMs, transport, service.keys[0]);
  try {
    call.trace = traceOf(request);
    const received = await readBody(request, endpoint.maxBodyBytes(service));
    // A reload may have come while the body did; a source that was replaced must not be asked any more.
    service = current();
    call.key = service.keys[0];
    if (!(received instanceof Uint8Array)) {
      const answer: Answer = { reason: "invalid_body", detail: received.problem };
      return reply(endpoint, answer, call, service, received);
    }
    call.body = received;
    const answer = decide(endpoint, received, call, service);
    return reply(endpoint, answer instanceof Promise ? await answer : answer, call, service);
  } catch (error) {
    reportBug(service.log, error);
    return reply(endpoint, { reason: "source_failed", detail: "a bug" }, call, service);
  }
}

function decide(
  endpoint: Endpoint,
  body: Uint8Array,
  call: Call,
  service: Service,
): Answer | Promise<Answer> {
  const signature = call.headers.get(SIGNATURE_HEADER);
  const verification = verify(body, signature, service.keys);
  if (!verification.valid) {
    call.signature = signature;
    const hint = trimmedSecretHint(body, signature, service.trimmedSecrets);
    const { problem } = verification;
    return { reason: "bad_signature", detail: hint === undefined ? problem : `${problem}: ${hint}` };
  }
  call.key = verification.key;
  service.recorder?.secretUsed(service.secretIds[service.keys.indexOf(verification.key)] ?? "");
  return endpoint.answer(body, call, service);
}

function reply(
  endpoint: Endpoint,
  answer: Answer,
  call: Call,
  service: Service,
  { status = 200, endsConnection = false } = {},
): Response {
  const statusCode = statusCodeOf(answer, service.statusCodes);
  const body = bodyOf(answer, statusCode, endpoint);
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    [SIGNATURE_HEADER]: ("signature" in answer ? answer.signature : undefined) ?? sign(body, call.key),
  };
  if (endsConnection || call.transport.isEnding(call.request)) headers["Connection"] = "close";
  const response = new Response(body, { status, headers });
  service.metrics?.answered(
    endpoint.name,
    answer.reason,
    statusCode,
    (performance.now() - call.arrivedMs) / 1000,
  );
  logCall(endpoint, answer, statusCode, call, service);
  return response;
}

function bodyOf(answer: Answer, statusCode: string, { showsCurrency }: Endpoint) {
  if ("body" in answer) return answer.body;
  if (answer.reason !== "ok") return replyBody(statusCode);
  return replyBody(statusCode, answer.balance, showsCurrency ? answer.currency : undefined);
}
