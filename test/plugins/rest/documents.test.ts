import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Document, PARSERS } from "../../../plugins/rest/document.ts";
import { jsonSources } from "../../../plugins/rest/json-text.ts";
import { describePointers, isPointer, parsePointer } from "../../../plugins/rest/pointer.ts";
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
    expect(jsonSources(JSON.stringify(document))(parsePointer(pointer))).toBe(JSON.stringify(value));
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
    expect(jsonSources(JSON.stringify(document))(parsePointer(pointer))).toBeUndefined();
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

/** The names of a way as a pointer's text. */
function pointerTo(names: readonly string[]): string {
  return names.map((name) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

describe("numbers in JSON", () => {
  test("are the text that they were written as, wherever they are", () => {
    let found = 0;
    fc.assert(
      fc.property(jsonText, (json) => {
        // The same by the road of ECMAScript's own source text access.
        const values: unknown = JSON.parse(json, (_key, value: unknown, context?: { source?: string }) =>
          typeof value === "number" ? new Written(context?.source) : value,
        );
        for (const [names, value] of leaves(values)) {
          const place = pointerTo(names);
          const document: Document = PARSERS.json([place])(json);
          if (document.doubledName !== undefined) continue;
          const text = document.textAt(place);
          if (value instanceof Written) expect(text).toBe(value.source);
          else if (value === null) expect(text).toBeUndefined();
          else expect(text).toBe(typeof value === "string" ? value : JSON.stringify(value));
          expect(document.isNothingAt(place)).toBe(value === null);
          found += 1;
        }
      }),
      { numRuns: 1000 },
    );
    expect(found).toBeGreaterThan(500);
  });

  test.each([
    ['{"a":12345678901234567.89}', "/a", "12345678901234567.89"],
    ['{"b":[ 1.0 , {"a" : 2.20 } ]}', "/b/1/a", "2.20"],
    ["30.50", "", "30.50"],
    [" 30.50\n", "", "30.50"],
    ['{"a":"30.50"}', "/a", "30.50"],
    ['{"a":"3\\u0030.50"}', "/a", "30.50"],
    ['{"\\u0061":30.50}', "/a", "30.50"],
    ['{"x":{"a":1,"y":["]}",{}]},"a":30.50}', "/a", "30.50"],
    ['{"":{"":-0.0}}', "//", "-0.0"],
    ['{"__proto__":1,"constructor":2E+1}', "/constructor", "2E+1"],
    ["[[],[1,2],3.0]", "/2", "3.0"],
  ])("%s at %p", (json, place, text) => {
    expect(PARSERS.json([place])(json).textAt(place)).toBe(text);
  });

  test.each([
    ['{"a":1}', "/b"],
    ['{"a":{"b":1}}', "/b"],
    ['{"a":1}', "/a/b"],
    ['{"a":[1]}', "/a/1"],
    ['{"a":[1]}', "/a/00"],
    ['{"a":[1]}', "/a/-"],
    ['{"a":[1]}', "/a/length"],
    ['{"a":"b"}', "/a/0"],
    ["{}", "/constructor"],
    ["[]", "/0"],
    ["{ }", "/a"],
    ["30", "/a"],
  ])("%s has nothing at %p", (json, place) => {
    const document = PARSERS.json([place])(json);
    expect(document.textAt(place)).toBeUndefined();
    expect(document.isNothingAt(place)).toBeTrue();
  });

  test("a document that is as deep as it is long is read", () => {
    const depth = 30_000;
    const json = `{"x":${"[".repeat(depth)}${"]".repeat(depth)},"a":30.50}`;
    expect(PARSERS.json(["/a"])(json).textAt("/a")).toBe("30.50");
  });
});

/** A number, as it was written. */
class Written {
  readonly source: string | undefined;

  constructor(source: string | undefined) {
    this.source = source;
  }
}

function* leaves(value: unknown, pointer: readonly string[] = []): Generator<[readonly string[], unknown]> {
  if (typeof value !== "object" || value === null || value instanceof Written) yield [pointer, value];
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
    expect(PARSERS.xml([pointer])(xml).textAt(pointer)).toBe(text);
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
    expect(PARSERS.xml([pointer])(xml).textAt(pointer)).toBeUndefined();
  });

  test("an external entity is not fetched", () => {
    const document = PARSERS.xml(["/r"])(
      '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>',
    );
    expect(document.textAt("/r")).toBe("&x;");
  });

  test("entities that multiply are refused", () => {
    const levels = Array.from(
      { length: 9 },
      (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`,
    );
    const bomb = `<!DOCTYPE r [<!ENTITY e0 "ha">${levels.join("")}]><r>&e9;</r>`;
    expect(() => PARSERS.xml([])(bomb)).toThrow();
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
