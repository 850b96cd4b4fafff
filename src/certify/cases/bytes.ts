import { encodeRequest } from "../http-request.ts";
import { goodFields, requestWith, type TestedEndpoint } from "../signed-request.ts";
import type { Case } from "../case.ts";
import { openConnection } from "../connection.ts";
import { answersOk } from "../expectation.ts";

/** A right signature over a good request that is written in another way. */
function written(write: (tested: TestedEndpoint) => string | Uint8Array) {
  return (tested: TestedEndpoint) => requestWith(tested, { body: write(tested) });
}

/** Section 1.2: the bytes are verified as they came, however the JSON is written or carried. */
export const bytesCases: readonly Case[] = [
  {
    id: "body-white-space",
    section: "1.2",
    level: "must",
    about:
      "White space in the body is part of what is signed: a server that writes the JSON again before it verifies fails.",
    send: written((tested) => ` ${JSON.stringify(goodFields(tested), null, 3)}\t`),
    expect: answersOk,
  },
  {
    id: "body-trailing-newline",
    section: "1.2",
    level: "must",
    about: "A newline after the JSON is signed with it, as `curl -d @file` callers send it.",
    send: written((tested) => `${JSON.stringify(goodFields(tested))}\r\n`),
    expect: answersOk,
  },
  {
    id: "body-escaped",
    section: "1.2",
    level: "must",
    about:
      "Escapes such as \\u0041 and \\/ are verified as they stand: writing the JSON again would lose them.",
    send: written((tested) =>
      JSON.stringify({ ...goodFields(tested), session_id: "A" }).replace('"A"', String.raw`"\u0041\/"`),
    ),
    expect: answersOk,
  },
  {
    id: "body-non-ascii",
    section: "1.2",
    level: "must",
    about: "Letters beyond ASCII are verified as their UTF-8 bytes: another decoding would change them.",
    send: (tested) => requestWith(tested, { fields: { session_id: "séance-сеанс-会话-🎲" } }),
    expect: answersOk,
  },
  {
    id: "body-key-order",
    section: "1.1",
    level: "must",
    about: "The fields may come in any order: JSON gives it no meaning.",
    send: written((tested) =>
      JSON.stringify(Object.fromEntries(Object.entries(goodFields(tested)).toReversed())),
    ),
    expect: answersOk,
  },
  {
    id: "body-further-fields",
    section: "1.1",
    level: "must",
    about: "Fields that are not known are ignored: Klas's own example adds `currency`.",
    send: (tested) =>
      requestWith(tested, { fields: { currency: "EUR", details: { deep: [1, null, true] } } }),
    expect: answersOk,
  },
  {
    id: "body-in-segments",
    section: "1.2",
    level: "must",
    about: "A call that arrives piece by piece is answered once it is whole: networks cut where they like.",
    needsKnownPlayer: true,
    run: sendInSegments,
  },
  {
    id: "body-chunked",
    section: "1.2",
    level: "should",
    about:
      "A chunked body is verified without its framing: HTTP/1.1 lets a caller send one (RFC 9112, section 7.1).",
    send: (tested) => requestWith(tested, { chunked: true }),
    expect: answersOk,
  },
  {
    id: "content-type-other",
    section: "1.1",
    level: "should",
    about: "Another Content-Type is answered: it is not enforced.",
    send: (tested) => requestWith(tested, { contentType: "text/plain" }),
    expect: answersOk,
  },
  {
    id: "content-type-absent",
    section: "1.1",
    level: "should",
    about: "No Content-Type is answered: it is not enforced.",
    send: (tested) => requestWith(tested, { contentType: undefined }),
    expect: answersOk,
  },
];

async function sendInSegments(tested: TestedEndpoint) {
  const connection = await openConnection(tested.endpoint, tested.timeoutMs);
  if ("noReply" in connection) return connection.noReply;
  const [head, body] = encodeRequest(requestWith(tested), tested.endpoint);
  const middle = Math.floor(body.length / 2);
  const parts = [head.subarray(0, 20), head.subarray(20), body.subarray(0, middle), body.subarray(middle)];
  const received = await connection.exchange(parts);
  connection.close();
  return answersOk.problem(received, tested);
}
