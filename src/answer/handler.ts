import { replyBody } from "../protocol/reply.ts";
import { sign, SIGNATURE_HEADER, verify } from "../protocol/signature.ts";
import { statusCodeOf } from "../protocol/status.ts";
import { type BodyProblem, withBody } from "./body.ts";
import { reportBug } from "./bug.ts";
import { beginCall, type Call, type Transport } from "./call.ts";
import { reportCall } from "./call-report.ts";
import type { Answer, Endpoint } from "./endpoint.ts";
import type { Service } from "./service.ts";
import { traceOf } from "./trace.ts";
import { trimmedSecretHint } from "./trimmed-secrets.ts";

/**
 * Answers one POST on an endpoint. Bytes → signature → request → source, or core → reply → bytes: each step either
 * hands on or ends the call with an answer, and every answer is signed (spec 1). A call whose source answers at once
 * costs one promise, which waits for its body. Never rejects.
 */
export function handleCall(
  endpoint: Endpoint,
  request: Request,
  arrivedMs: number,
  transport: Transport,
  current: () => Service,
): Promise<Response> {
  const service = current();
  const call = beginCall(request, arrivedMs, transport, service.keys[0]);
  try {
    return withBody(request, endpoint.maxBodyBytes(service), (received) => {
      // A reload may have come while the body did; a source that was replaced must not be asked any more.
      return answerReceived(endpoint, received, call, current());
    });
  } catch (error) {
    return Promise.resolve(replyToBug(endpoint, error, call, service));
  }
}

function answerReceived(
  endpoint: Endpoint,
  received: Uint8Array | BodyProblem,
  call: Call,
  service: Service,
): Response | Promise<Response> {
  call.key = service.keys[0];
  try {
    call.trace = traceOf(call.headers);
    if (!(received instanceof Uint8Array)) {
      const answer: Answer = { reason: "invalid_body", detail: received.problem };
      return reply(endpoint, answer, call, service, received);
    }
    call.body = received;
    const answer = decide(endpoint, received, call, service);
    if (!(answer instanceof Promise)) return reply(endpoint, answer, call, service);
    call.caller = call.transport.callerOf(call.request);
    return replyLater(endpoint, answer, call, service);
  } catch (error) {
    return replyToBug(endpoint, error, call, service);
  }
}

/** To ask whether a caller is still there costs something, and hardly any caller leaves sooner. */
const LONG_WAIT_MS = 20;

async function replyLater(
  endpoint: Endpoint,
  answer: Promise<Answer>,
  call: Call,
  service: Service,
): Promise<Response> {
  try {
    const awaited = await answer;
    if (performance.now() - call.arrivedMs > LONG_WAIT_MS) call.hasHungUp = call.request.signal.aborted;
    return reply(endpoint, awaited, call, service);
  } catch (error) {
    return replyToBug(endpoint, error, call, service);
  }
}

function replyToBug(endpoint: Endpoint, error: unknown, call: Call, service: Service): Response {
  reportBug(service.log, error);
  return reply(endpoint, { reason: "source_failed", detail: "a bug" }, call, service);
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
  call.isVerified = true;
  return endpoint.answer(body, call, service);
}

/** Each response copies them, which is cheaper than to make it of a record. */
const replyHeaders = new Headers({ "Content-Type": "application/json" });

function reply(
  endpoint: Endpoint,
  answer: Answer,
  call: Call,
  service: Service,
  { status = 200, endsConnection = false } = {},
): Response {
  const statusCode = statusCodeOf(answer, service.statusCodes);
  const body = bodyOf(answer, statusCode, endpoint);
  replyHeaders.set(SIGNATURE_HEADER, sign(body, call.key));
  const response = new Response(body, { status, headers: replyHeaders });
  if (endsConnection || call.transport.isEnding(call.request)) response.headers.set("Connection", "close");
  reportCall(endpoint, answer, statusCode, call, service);
  return response;
}

function bodyOf(answer: Answer, statusCode: string, { showsCurrency }: Endpoint) {
  if ("body" in answer) return answer.body;
  if (answer.reason !== "ok") return replyBody(statusCode);
  return replyBody(statusCode, answer.balance, showsCurrency ? answer.currency : undefined);
}
