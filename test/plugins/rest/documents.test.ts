import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { PARSERS } from "../../../plugins/rest/document.ts";
import { describePointers, isPointer, parsePointer, resolvePointer } from "../../../plugins/rest/pointer.ts";
import { retryAfterMs } from "../../../plugins/rest/failure.ts";

describe("JSON Pointer", () => {
  // RFC 6901, section 5.
  const document = { foo: ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, 'k"l': 6, " ": 7, "m~n": 8 };

  test.each([
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ])("%p", (pointer, value) => {
    expect(isPointer(pointer)).toBeTrue();
    expect(resolvePointer(document, parsePointer(pointer))).toEqual(value);
  });

  test.each([
    "/constructor",
    "/__proto__",
    "/foo/length",
    "/foo/-",
    "/foo/00",
    "/foo/2",
    "/foo/0/0",
    "/nobody",
  ])("%p leads to nothing", (pointer) => {
    expect(resolvePointer(document, parsePointer(pointer))).toBeUndefined();
  });

  test.each(["foo", "/~", "/~2", "#/foo"])("%p is none", (text) => {
    expect(isPointer(text)).toBeFalse();
  });

  test("a list of a document's pointers is short and holds no values", () => {
    const text = describePointers({
      secret: "value",
      list: Array.from({ length: 1000 }, (_, index) => index),
    });
    expect(text).toStartWith("/secret, /list/0, ");
    expect(text).toEndWith(", …");
    expect(text).not.toContain("value");
    expect(describePointers({ ["x".repeat(10_000)]: 1 }).length).toBeLessThan(100);
  });
});

/** JSON with numbers that a float would not keep, white space anywhere and names that come twice. */
const { json: jsonText } = fc.letrec<{
  json: string;
  scalar: string;
  list: string;
  table: string;
  space: string;
}>((tie) => ({
  space: fc.constantFrom("", "", " ", "\n\t"),
  scalar: fc.oneof(
    fc.stringMatching(/^-?(?:0|[1-9]\d{0,25})(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?$/),
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom("true", "false", "null", '"\\\\"', '"}]\\""', '"\\u0061"'),
  ),
  list: fc.array(tie("json"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
  table: fc
    .array(
      fc.tuple(
        fc.constantFrom('"a"', '"b"', '"\\u0061"', '""', '"x\\"y"', '"__proto__"'),
        tie("space"),
        tie("json"),
      ),
      {
        maxLength: 4,
      },
    )
    .map(
      (members) => `{${members.map(([name, space, value]) => `${space}${name}${space}:${value}`).join(",")}}`,
    ),
  json: fc
    .tuple(tie("space"), fc.oneof({ maxDepth: 4 }, tie("scalar"), tie("list"), tie("table")), tie("space"))
    .map((parts) => parts.join("")),
}));

describe("numbers in JSON", () => {
  test("are the text that they were written as, wherever they are", () => {
    fc.assert(
      fc.property(jsonText, (json) => {
        const document = PARSERS.json(json);
        // The same by the road of ECMAScript's own source text access.
        const sources: unknown = JSON.parse(json, (_key, value: unknown, context?: { source?: string }) =>
          typeof value === "number" ? { source: context?.source } : value,
        );
        for (const [pointer, value] of leaves(document.root)) {
          if (typeof value !== "number") continue;
          expect(resolvePointer(sources, pointer)).toEqual({ source: document.textAt(pointer) });
        }
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['{"a":12345678901234567.89}', "/a", "12345678901234567.89"],
    ['{"a":1.10,"b":[{"a":2.20}],"a":3.30}', "/a", "3.30"],
    ['{"b":[ 1.0 , {"a" : 2.20 } ]}', "/b/1/a", "2.20"],
    ["30.50", "", "30.50"],
    ['{"a":"30.50"}', "/a", "30.50"],
  ])("%s at %p", (json, pointer, text) => {
    expect(PARSERS.json(json).textAt(parsePointer(pointer))).toBe(text);
  });
});

function* leaves(value: unknown, pointer: readonly string[] = []): Generator<[readonly string[], unknown]> {
  if (typeof value !== "object" || value === null) yield [pointer, value];
  else for (const [name, member] of Object.entries(value)) yield* leaves(member, [...pointer, name]);
}

describe("XML", () => {
  test.each([
    ["<r><balance> 30.50 </balance></r>", "/r/balance", "30.50"],
    ['<r><balance currency="EUR">30.50</balance></r>', "/r/balance", "30.50"],
    ['<r><balance amount="30.50"/></r>', "/r/balance/@amount", "30.50"],
    ["<r><a>1</a><a>2</a></r>", "/r/a/1", "2"],
    ["<r><a><b>1</b></a><a><b>2</b></a></r>", "/r/a/1/b", "2"],
    ['<s:E xmlns:s="u"><s:B><v><![CDATA[7]]></v></s:B></s:E>', "/s:E/s:B/v", "7"],
    ['<b currency="EUR">30.50</b>', "/b/#text", "30.50"],
    ["<r><!-- c --><b><!-- c --> 30.50 <?p i?></b></r>", "/r/b", "30.50"],
    ["<b>30<![CDATA[.5]]>&#48;</b>", "/b", "30.50"],
    ["<r><b/></r>", "/r/b", ""],
  ])("%s at %p", (xml, pointer, text) => {
    expect(PARSERS.xml(xml).textAt(parsePointer(pointer))).toBe(text);
  });

  test.each([
    ["<r><b>30<x/>40</b></r>", "/r/b"],
    ["<r><b>30<x/>40</b></r>", "/r/b/#text"],
    ["<r><b>30<x/></b></r>", "/r/b"],
    ['<r><b currency="EUR">30<x>1</x></b></r>', "/r/b"],
    ["<r><b>30<!-- c -->40</b></r>", "/r/b"],
    ["<r><b>30<?p i?>40</b></r>", "/r/b"],
    ['<!DOCTYPE r [<!ENTITY e "30<!-- c -->40">]><r><b>&e;</b></r>', "/r/b"],
    ["<r><b>30</b><b>40</b></r>", "/r/b"],
    ["<r><b>30</b></r>", "/r/b/0"],
    ["<r><b>30</b><b>40</b></r>", "/r/b/01"],
    ["<r><b>30</b></r>", ""],
    ["<r><b>30</b></r>", "/r/b/@constructor"],
    ['<r><b amount="30"/></r>', "/r/b"],
  ])("%s has no text at %p", (xml, pointer) => {
    expect(PARSERS.xml(xml).textAt(parsePointer(pointer))).toBeUndefined();
  });

  test("an external entity is not fetched", () => {
    const document = PARSERS.xml('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>');
    expect(document.textAt(["r"])).toBe("&x;");
  });

  test("entities that multiply are refused", () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`,
    );
    const bomb = `<!DOCTYPE r [<!ENTITY e0 "ha">${levels.join("")}]><r>&e9;</r>`;
    expect(() => PARSERS.xml(bomb)).toThrow();
  });
});

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");

test.each([
  [undefined, 0],
  ["2", 2000],
  ["0", 0],
  ["Thu, 01 Jan 2026 00:00:03 GMT", 3000],
  ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
  ["soon", 0],
  ["-1", 0],
])("Retry-After %p is %d ms", (header, waitMs) => {
  expect(retryAfterMs(header, NOW_MS)).toBe(waitMs);
});
