import { DEFAULT_STATUS_CODES } from "../../protocol/status.ts";
import { requestWith, goodFields, type TestedEndpoint } from "../signed-request.ts";
import type { Case } from "../case.ts";
import { answersCode } from "../expectation.ts";

const invalid = answersCode(DEFAULT_STATUS_CODES.invalid_body);

const NESTED_ARRAYS = 4000;

/** A correctly signed body that is not a request. */
function body(make: string | Uint8Array | ((good: string) => string | Uint8Array)) {
  return (tested: TestedEndpoint) =>
    requestWith(tested, {
      body: typeof make === "function" ? make(JSON.stringify(goodFields(tested))) : make,
    });
}

function withByte(good: string, ...bytes: number[]): Uint8Array {
  const [before = "", after = ""] = good.split(/(?<="session_id":")/);
  return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
}

/** Section 1.1: bodies that are not a JSON object in UTF-8. All of them are correctly signed. */
export const bodyCases: readonly Case[] = [
  {
    id: "body-empty",
    section: "1.1",
    level: "must",
    about: "An empty body is invalid, not a crash.",
    send: body(""),
    expect: invalid,
  },
  {
    id: "body-not-json",
    section: "1.1",
    level: "must",
    about: "A body that is not JSON is invalid.",
    send: body("player_id=12001"),
    expect: invalid,
  },
  {
    id: "body-truncated",
    section: "1.1",
    level: "must",
    about: "JSON that breaks off is invalid: half a request is none.",
    send: body((good) => good.slice(0, -1)),
    expect: invalid,
  },
  {
    id: "body-trailing-text",
    section: "1.1",
    level: "must",
    about: "Text after the JSON makes it invalid: it is one object and nothing else.",
    send: body((good) => `${good}{}`),
    expect: invalid,
  },
  {
    id: "body-array",
    section: "1.1",
    level: "must",
    about: "An array of requests is invalid: one call asks for one balance.",
    send: body((good) => `[${good}]`),
    expect: invalid,
  },
  {
    id: "body-text",
    section: "1.1",
    level: "must",
    about: "A JSON string that holds a request is invalid: it was encoded twice.",
    send: body((good) => JSON.stringify(good)),
    expect: invalid,
  },
  {
    id: "body-null",
    section: "1.1",
    level: "must",
    about: "`null` is invalid JSON for a request, and reading its fields must not throw.",
    send: body("null"),
    expect: invalid,
  },
  {
    id: "body-nan",
    section: "1.1",
    level: "must",
    about: "`NaN` makes the body invalid: it is not JSON, though some parsers take it.",
    send: body((good) => good.replace(/"timestamp":\d+/, '"timestamp":NaN')),
    expect: invalid,
  },
  {
    id: "body-invalid-utf8",
    section: "1.1",
    level: "must",
    about: "A byte that is not UTF-8 makes the body invalid: replaced silently, it would be another id.",
    send: body((good) => withByte(good, 0xff)),
    expect: invalid,
  },
  {
    id: "body-overlong-utf8",
    section: "1.1",
    level: "must",
    about:
      "An overlong UTF-8 sequence makes the body invalid: it hides a character from whatever checks for it.",
    send: body((good) => withByte(good, 0xc0, 0xaf)),
    expect: invalid,
  },
  {
    id: "body-utf16",
    section: "1.1",
    level: "must",
    about: "JSON in UTF-16 is invalid: the body is UTF-8.",
    send: body((good) => Buffer.from(good, "utf16le")),
    expect: invalid,
  },
  {
    id: "body-byte-order-mark",
    section: "1.1",
    level: "should",
    about: "A byte-order mark makes the body invalid: JSON has none (RFC 8259, section 8.1).",
    send: body((good) => `\uFEFF${good}`),
    expect: invalid,
  },
  {
    id: "body-deeply-nested",
    section: "1.1",
    level: "must",
    about: "Thousands of nested arrays are invalid and must not exhaust the parser's stack.",
    send: body("[".repeat(NESTED_ARRAYS) + "]".repeat(NESTED_ARRAYS)),
    expect: invalid,
  },
];
