import { encodeRequest, type HttpRequest } from "../http-request.ts";
import { requestWith, exchangeRequest, type TestedEndpoint } from "../signed-request.ts";
import type { Case, Complaint } from "../case.ts";
import { openConnection } from "../connection.ts";
import { allowsOnlyPost, answersOk, hasStatus, isSigned, isTooLarge, neverOk } from "../expectation.ts";
import { keepsAlive } from "../http-reply.ts";
import { callSequentially } from "../sequential-calls.ts";

const OVERSIZED_BYTES = 1_048_576;

function oversized(tested: TestedEndpoint): HttpRequest {
  return requestWith(tested, { fields: { padding: "x".repeat(OVERSIZED_BYTES) } });
}

/** Section 1.3: what is around the endpoint: methods, paths, sizes, connections. */
export const httpCases: readonly Case[] = [
  {
    id: "method-get",
    section: "1.3",
    level: "should",
    about: "GET on the endpoint is 405 with Allow: POST.",
    send: (tested) => requestWith(tested, { method: "GET", body: "", signatures: () => [] }),
    expect: allowsOnlyPost,
  },
  {
    id: "method-put",
    section: "1.3",
    level: "should",
    about: "PUT on the endpoint is 405 with Allow: POST, however well it is signed.",
    send: (tested) => requestWith(tested, { method: "PUT" }),
    expect: allowsOnlyPost,
  },
  {
    id: "path-unknown",
    section: "1.3",
    level: "should",
    about: "Another path is 404.",
    send: (tested) => requestWith(tested, { pathSuffix: "-certify" }),
    expect: hasStatus(404),
  },
  {
    id: "path-below",
    section: "1.3",
    level: "should",
    about: "A path below the endpoint is 404.",
    send: (tested) => requestWith(tested, { pathSuffix: "/certify" }),
    expect: hasStatus(404),
  },
  {
    id: "body-oversized",
    section: "1.3",
    level: "should",
    about:
      "A body of a mebibyte is 413 with ERR_INVALID_BODY: without a limit a caller chooses how much memory is used.",
    send: oversized,
    expect: isTooLarge,
  },
  {
    id: "reply-signed-oversized",
    section: "1.2",
    level: "should",
    about: "The reply to an oversized body is signed like every other.",
    send: oversized,
    expect: isSigned,
  },
  {
    id: "body-cut-short",
    section: "1.1",
    // The protocol verifies the bytes as received, and these are signed: only HTTP calls the request incomplete.
    level: "should",
    about:
      "A body shorter than its Content-Length is not answered OK: the rest never came (RFC 9112, section 8).",
    needsKnownPlayer: false,
    run: cutShort,
  },
  {
    id: "keep-alive",
    section: "1.3",
    level: "should",
    about:
      "A second call on the same connection is answered: a new connection per call costs the caller time.",
    needsKnownPlayer: true,
    run: (tested) => callTwice(tested, requestWith(tested)),
  },
  {
    id: "keep-alive-after-refusal",
    section: "1.3",
    level: "should",
    about: "After a refused call the same connection serves a good one.",
    needsKnownPlayer: true,
    run: (tested) => callTwice(tested, requestWith(tested, { signatures: () => [] })),
  },
  {
    id: "sequential-calls",
    section: "1.3",
    level: "must",
    about: "Good calls one after the other (--samples) are all answered OK; their times are reported.",
    needsKnownPlayer: true,
    lacks: (tested) => (tested.samples === 0 ? "needs --samples" : undefined),
    run: callSequentially,
  },
];

async function cutShort(tested: TestedEndpoint): Promise<Complaint> {
  const connection = await openConnection(tested.endpoint, tested.timeoutMs);
  if ("noReply" in connection) return connection.noReply;
  const call = requestWith(tested);
  const [head] = encodeRequest({ ...call, body: new Uint8Array(call.body.length + 1) }, tested.endpoint);
  const received = await connection.exchange([head, call.body], { halfClose: true });
  connection.close();
  return neverOk.problem(received, tested);
}

async function callTwice(tested: TestedEndpoint, first: HttpRequest): Promise<Complaint> {
  const connection = await openConnection(tested.endpoint, tested.timeoutMs);
  if ("noReply" in connection) return connection.noReply;
  try {
    const received = await exchangeRequest(connection, tested, first);
    if ("noReply" in received) return received.noReply;
    if (!keepsAlive(received)) return "the reply says Connection: close";
    const second = await exchangeRequest(connection, tested, requestWith(tested));
    return answersOk.problem(second, tested);
  } finally {
    connection.close();
  }
}
