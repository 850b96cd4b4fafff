import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { parseRequest } from "../../src/protocol/request.ts";

const GOOD = { request_id: "r-1", timestamp: 1_710_000_000, session_id: "s-1", player_id: "12001" };

function parse(body: unknown) {
  return parseRequest(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

function problemOf(body: unknown): string {
  const parsed = parse(body);
  return parsed.valid ? "none" : parsed.problem;
}

const FIELDS = ["request_id", "timestamp", "session_id", "player_id"] as const;
const IDS = ["request_id", "session_id", "player_id"] as const;

test("the four fields come back, further ones are ignored", () => {
  expect(parse(GOOD)).toEqual({ valid: true, request: GOOD });
  expect(parse({ ...GOOD, currency: "EUR", nested: { deep: [1] } })).toEqual({ valid: true, request: GOOD });
});

describe.each(FIELDS)("%s", (field) => {
  test("is required", () => {
    const { [field]: _removed, ...rest } = GOOD;
    expect(problemOf(rest)).toStartWith(`${field}: `);
  });

  test.each([
    ["null", null],
    ["true", true],
    ["a list", [GOOD[field]]],
    ["an empty list", []],
    ["a table", { value: GOOD[field] }],
  ])("%s is refused", (_what, value) => {
    expect(problemOf({ ...GOOD, [field]: value })).toStartWith(`${field}: `);
  });
});

describe.each(IDS)("%s", (field) => {
  test.each([
    ["one character", "x"],
    ["256 characters", "x".repeat(256)],
    ["256 characters beyond the basic plane", "\u{1f600}".repeat(256)],
    ["a name of Object.prototype", "constructor"],
    ["__proto__", "__proto__"],
    ["SQL", "' OR 1=1 --"],
    ["a path", "../../etc/passwd"],
    ["a space", " "],
    ["C1 controls, which the rule does not name", "\u0080\u009f"],
    ["a right-to-left mark", "\u200f"],
    ["a noncharacter", "\uffff"],
  ])("%s is taken as it is", (_what, value) => {
    expect(parse({ ...GOOD, [field]: value })).toEqual({ valid: true, request: { ...GOOD, [field]: value } });
  });

  test.each([
    ["empty", ""],
    ["257 characters", "x".repeat(257)],
    ["257 characters beyond the basic plane", "\u{1f600}".repeat(257)],
    ["100,000 characters", "x".repeat(100_000)],
    ["NUL", "a\u0000b"],
    ["a tab", "a\tb"],
    ["a newline", "a\n"],
    ["U+001F", "\u001f"],
    ["DEL", "\u007f"],
    ["a lone high surrogate", "\ud800"],
    ["a lone low surrogate", "a\udc00"],
    ["surrogates in the wrong order", "\udc00\ud800"],
  ])("%s is refused", (_what, value) => {
    expect(problemOf({ ...GOOD, [field]: value })).toStartWith(`${field}: expected 1 to 256`);
  });

  test("a number is not taken for its text", () => {
    expect(problemOf({ ...GOOD, [field]: 12_001 })).toBe(`${field}: expected a string`);
  });
});

describe("timestamp", () => {
  test.each([0, 1, 1_710_000_000, 1_710_000_000.5, 1_710_000_000_000, 1e300])("%p is taken", (timestamp) => {
    expect(parse({ ...GOOD, timestamp })).toEqual({ valid: true, request: { ...GOOD, timestamp } });
  });

  test.each(['"1710000000"', "-1", "-0.001", "1e400", "-1e400", '"NaN"', "false", "null"])(
    "%s is refused",
    (literal) => {
      expect(problemOf(JSON.stringify(GOOD).replace("1710000000", literal))).toStartWith("timestamp: ");
    },
  );
});

test.each([
  ["nothing", ""],
  ["white space", " \n"],
  ["truncated", JSON.stringify(GOOD).slice(0, -1)],
  ["something behind it", `${JSON.stringify(GOOD)}x`],
  ["two objects", `${JSON.stringify(GOOD)}${JSON.stringify(GOOD)}`],
  ["a byte-order mark", `\ufeff${JSON.stringify(GOOD)}`],
  ["a comment", `/* */${JSON.stringify(GOOD)}`],
  ["a trailing comma", JSON.stringify(GOOD).replace("}", ",}")],
  ["single quotes", JSON.stringify(GOOD).replaceAll('"', "'")],
  ["NaN", JSON.stringify(GOOD).replace("1710000000", "NaN")],
  ["a number with a leading zero", JSON.stringify(GOOD).replace("1710000000", "01710000000")],
  ["nested 200,000 deep", "[".repeat(200_000)],
  ["a form", "player_id=12001"],
])("a body that is not JSON: %s", (_what, body) => {
  expect(problemOf(body)).toBe("not JSON");
});

test.each(["null", "true", "1", '"text"'])("%s is not an object", (body) => {
  expect(problemOf(body)).toBe("expected a JSON object");
});

test("an array is not a request", () => {
  expect(parse("[]").valid).toBe(false);
  expect(parse([GOOD]).valid).toBe(false);
});

test.each([
  ["a lone continuation byte", [0x80]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["a surrogate in UTF-8", [0xed, 0xa0, 0x80]],
  ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
  ["a cut sequence", [0xe2, 0x82]],
  ["Latin-1", [0xe9]],
])("malformed UTF-8 is refused: %s", (_what, bytes) => {
  const [before = "", after = ""] = JSON.stringify(GOOD).split("12001");
  const body = Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
  expect(parseRequest(body)).toEqual({ valid: false, problem: "not UTF-8" });
});

test("a UTF-16 body is refused", () => {
  expect(parseRequest(Buffer.from(JSON.stringify(GOOD), "utf16le")).valid).toBe(false);
});

test("the fields must be the object's own", () => {
  expect(problemOf(`{"__proto__":${JSON.stringify(GOOD)}}`)).not.toBe("none");
  expect(problemOf(`{"constructor":{"prototype":${JSON.stringify(GOOD)}}}`)).not.toBe("none");
});

test("well-formed requests come back unchanged", () => {
  const ids = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    // oxlint-disable-next-line no-control-regex -- the rule under test
    .filter((text) => !/[\u0000-\u001f\u007f]/.test(text) && Array.from(text).length <= 256);
  const requests = fc.record({
    request_id: ids,
    timestamp: fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    session_id: ids,
    player_id: ids,
  });
  fc.assert(
    fc.property(requests, (request) => {
      expect(parse(request)).toEqual({ valid: true, request });
    }),
  );
});

test("any bytes are answered without a throw, and a problem never quotes them", () => {
  const secret = "leak-me-not";
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.jsonValue(),
      fc.constantFrom(...FIELDS),
      (bytes, json, field) => {
        expect(parseRequest(bytes).valid).toBe(false);
        const problem = problemOf({ ...GOOD, [field]: [json, secret], [secret]: secret });
        expect(problem).toStartWith(`${field}: `);
        expect(problem).not.toContain(secret);
      },
    ),
  );
});
