import { randomUUID } from "node:crypto";
import type { HttpRequest } from "../http-request.ts";
import { requestWith, sendRequest, type TestedEndpoint } from "../signed-request.ts";
import type { Case } from "../case.ts";
import {
  doesNotContain,
  hasNoFurtherFields,
  hasStatus,
  isCompact,
  isJson,
  isSigned,
  isSignedInLowerCase,
} from "../expectation.ts";

interface Kind {
  readonly name: string;
  readonly describedAs: string;
  readonly send: (tested: TestedEndpoint) => HttpRequest;
}

/** One call for each kind of reply. */
const KINDS: readonly Kind[] = [
  { name: "ok", describedAs: "an answered balance", send: (tested) => requestWith(tested) },
  {
    name: "bad-signature",
    describedAs: "a refused signature",
    send: (tested) => requestWith(tested, { signatures: () => ["0".repeat(64)] }),
  },
  {
    name: "invalid-body",
    describedAs: "an invalid body",
    send: (tested) => requestWith(tested, { body: "{}" }),
  },
  {
    name: "unknown-player",
    describedAs: "an unknown player",
    send: (tested) => requestWith(tested, { fields: { player_id: tested.unknownPlayer } }),
  },
];

/** Four cases for every kind of reply. */
const casesOfEveryKind: readonly Case[] = KINDS.flatMap(({ name, describedAs, send }): Case[] => [
  {
    id: `reply-status-${name}`,
    section: "1.3",
    level: "must",
    about: `The reply to ${describedAs} is HTTP 200: what happened is told by status_code alone.`,
    send,
    expect: hasStatus(200),
  },
  {
    id: `reply-type-${name}`,
    section: "1.3",
    level: "must",
    about: `The reply to ${describedAs} is application/json.`,
    send,
    expect: isJson,
  },
  {
    id: `reply-signed-${name}`,
    section: "1.2",
    level: "must",
    about: `The reply to ${describedAs} is signed over its exact bytes: an unsigned one could be anybody's.`,
    send,
    expect: isSigned,
  },
  {
    id: `reply-fields-${name}`,
    section: "1.3",
    level: "should",
    about: `The reply to ${describedAs} has no fields but balance and status_code.`,
    send,
    expect: hasNoFurtherFields,
  },
]);

/** Sections 1.2 and 1.3: the form of a reply, whatever it says. */
export const replyCases: readonly Case[] = [
  ...casesOfEveryKind,
  {
    id: "reply-signature-lower-case",
    section: "1.2",
    level: "should",
    about: "The reply's signature is in lower-case hex: a caller may compare it as text.",
    send: (tested) => requestWith(tested),
    expect: isSignedInLowerCase,
  },
  {
    id: "reply-compact",
    section: "1.3",
    level: "should",
    about: "The reply has no white space and its balance first.",
    send: (tested) => requestWith(tested),
    expect: isCompact,
  },
  {
    id: "reply-echo-ok",
    section: "1.3",
    level: "must",
    about:
      "An answered balance repeats nothing of the request: one secret signs both directions, so an echo is a signature on demand.",
    needsKnownPlayer: false,
    run: (tested) => echoes(tested, (marker) => ({ request_id: marker, session_id: marker, note: marker })),
  },
  {
    id: "reply-echo-refused",
    section: "1.3",
    level: "must",
    about: "A refusal repeats nothing of the request, such as the player who was not found.",
    needsKnownPlayer: false,
    run: (tested) =>
      echoes(tested, (marker) => ({ request_id: marker, session_id: marker, player_id: marker })),
  },
  {
    id: "reply-echo-invalid",
    section: "1.3",
    level: "must",
    about: "The reply to an invalid body repeats nothing of it, such as the value that was wrong.",
    needsKnownPlayer: false,
    run: (tested) =>
      echoes(tested, (marker) => ({ request_id: marker, timestamp: marker, [marker]: marker })),
  },
];

async function echoes(tested: TestedEndpoint, fields: (marker: string) => Readonly<Record<string, string>>) {
  const marker = `certify-${randomUUID()}`;
  const received = await sendRequest(tested, requestWith(tested, { fields: fields(marker) }));
  return doesNotContain(marker).problem(received, tested);
}
