import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Document, PARSERS } from "../../../plugins/rest/document.ts";

const find = finder(["/balance", "/player/0/id", "/error/co~1de", "/a/a", ""]);

/** The name that stands twice in a text, on the way to one of the places. */
function finder(places: readonly string[]): (json: string) => string | undefined {
  const parse: (text: string) => Document = PARSERS.json(places);
  return (json) => parse(json).doubledName;
}

test.each([
  ['{"balance":1,"balance":2}', "balance"],
  ['{"balance":1,"balance":1}', "balance"],
  ['{"balance":1,"b\\u0061lance":2}', "balance"],
  ['{"\\u0062alance":1,"b\\u0061lance":2}', "balance"],
  ['{ "balance" : [ {"x":"}"} ] , "y" : "{" , "balance" : 2 }', "balance"],
  ['{"player":[{"id":1,"id":2}]}', "id"],
  ['{"player":[{"id":1}],"player":[]}', "player"],
  ['{"error":{"co/de":1,"co\\/de":2}}', "co/de"],
  ['{"a":{"a":1},"a":{}}', "a"],
])("%s: %s stands twice", (json, name) => {
  expect(find(json)).toBe(name);
});

test.each([
  '{"balance":1}',
  '{"balance":"balance"}',
  '{"balance":1,"more":{"balance":2,"balance":3}}',
  '{"balance":1,"more":"\\"balance\\":2"}',
  '{"player":[{"id":1},{"id":2,"id":3}]}',
  '{"player":[[{"id":1}],{"id":2,"id":3}]}',
  '{"player":{"id":1,"id":2}}',
  '{"x":1,"x":2,"balance":3}',
  '{"a":{"a":1}}',
  '[{"balance":1},{"balance":2}]',
  '"balance"',
  "30.50",
  "[]",
  "{}",
])("%s: none does", (json) => {
  expect(find(json)).toBeUndefined();
});

type Tree =
  | string
  | { readonly list: readonly Tree[] }
  | { readonly members: readonly (readonly [string, Tree])[] };

const { tree } = fc.letrec<{ tree: Tree; scalar: Tree; list: Tree; table: Tree }>((tie) => ({
  scalar: fc.constantFrom("1", "true", '"a"', '"b\\"a\\""', '"{,"', '"\\\\"'),
  list: fc.record({ list: fc.array(tie("tree"), { maxLength: 3 }) }),
  table: fc.record({
    members: fc.array(fc.tuple(fc.constantFrom("a", "b", 'x"y'), tie("tree")), { maxLength: 4 }),
  }),
  tree: fc.oneof({ maxDepth: 4 }, tie("scalar"), tie("list"), tie("table")),
}));

function written(node: Tree): string {
  if (typeof node === "string") return node;
  if ("list" in node) return `[${node.list.map(written).join(" , ")}]`;
  return `{${node.members.map(([name, value]) => `${JSON.stringify(name)}: ${written(value)}`).join(",")}}`;
}

/** The place of every member, as often as it is there. */
function* placesIn(node: Tree, at: readonly string[] = []): Generator<string> {
  if (typeof node === "string") return;
  if ("list" in node) {
    for (const [index, item] of node.list.entries()) yield* placesIn(item, [...at, String(index)]);
    return;
  }
  for (const [name, value] of node.members) {
    yield [...at, name].join();
    yield* placesIn(value, [...at, name]);
  }
}

test("a name is found exactly if it stands twice on a way that is read", () => {
  const pointers = [["a"], ["b", "a"], ["a", "0", 'x"y'], ["1", "a", "b"]];
  const ways = new Set(
    pointers.flatMap((pointer) => pointer.map((_, index) => pointer.slice(0, index + 1).join())),
  );
  const findIn = finder(pointers.map((names) => names.map((name) => `/${name}`).join("")));
  let found = 0;
  fc.assert(
    fc.property(tree, (root) => {
      const all = [...placesIn(root)].filter((place) => ways.has(place));
      const isDoubled = new Set(all).size < all.length;
      if (isDoubled) found += 1;
      expect(findIn(written(root)) !== undefined).toBe(isDoubled);
    }),
    { numRuns: 3000 },
  );
  expect(found).toBeGreaterThan(50);
});
