import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { interpolate } from "../../src/config/interpolate.ts";
import type { Problem } from "../../src/config/problem.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const directory = temporaryFolder();
mkdirSync(join(directory, "credentials"));
const files = {
  plain: "of the file",
  newline: "line\n",
  windows: "line\r\n",
  newlines: "line\n\n",
  empty: "",
  "credentials/klas": "nested\n",
  reference: "${NAME}",
  large: "x".repeat(65_537),
};
for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
writeFileSync(join(directory, "latin1"), Buffer.from("é", "latin1"));

const variables = {
  NAME: "value",
  EMPTY: "",
  _1: "underscore",
  FOLDER: join(directory, "credentials"),
  WHICH: "NAME",
  PLAYFUL: "a${NAME}b}$${c",
  SECRET: "hunter2",
};

function run(value: unknown): { readonly value: unknown; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  return { value: interpolate(value, { variables, directory, values: [], files: [] }, problems), problems };
}

test.each([
  ["nothing to replace", "plain $ text } {", "plain $ text } {"],
  ["a variable", "${NAME}", "value"],
  ["in the middle, and twice", "<${NAME}|${NAME}>", "<value|value>"],
  ["an empty variable is set", "<${EMPTY}>", "<>"],
  ["a name with digits and underscores", "${_1}", "underscore"],
  ["a file", "${file:plain}", "of the file"],
  ["an absolute path", `\${file:${directory}/plain}`, "of the file"],
  ["one trailing newline is dropped", "${file:newline}", "line"],
  ["also a Windows one", "${file:windows}", "line"],
  ["but only one", "${file:newlines}", "line\n"],
  ["an empty file", "<${file:empty}>", "<>"],
  ["a variable in a path", "${file:${FOLDER}/klas}", "nested"],
  ["a variable that names a variable", "${${WHICH}}", "value"],
  ["a literal", "$${NAME}", "${NAME}"],
  ["a literal and a reference", "$${${NAME}}", "${value}"],
  ["a dollar before a literal", "$$${NAME}", "$${NAME}"],
  ["what was put in is not looked at again: a variable", "${PLAYFUL}", "a${NAME}b}$${c"],
  ["what was put in is not looked at again: a file", "${file:reference}", "${NAME}"],
])("%s", (_what, text, result) => {
  expect(run(text)).toEqual({ value: result, problems: [] });
});

interface Scenario {
  readonly text: string;
  readonly says: readonly string[];
  readonly never?: readonly string[];
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "an unset variable": { text: "${NOWHERE}", says: ["the environment variable NOWHERE is not set"] },
  "two unset variables": { text: "${ONE} ${TWO}", says: ["ONE is not set", "TWO is not set"] },
  "a name of Object.prototype": { text: "${constructor}", says: ["constructor is not set"] },
  "a missing file": { text: "${file:nowhere}", says: ["cannot read nowhere: there is no such file"] },
  "a directory": { text: "${file:credentials}", says: ["cannot read credentials: it is a directory"] },
  "a file beneath a file": { text: "${file:plain/x}", says: ["a part of its path is not a directory"] },
  "a large file": { text: "${file:large}", says: ["large has more than 65536 bytes"] },
  "a file that is not text": { text: "${file:latin1}", says: ["latin1 is not UTF-8"] },
  "not closed": { text: "${NAME", says: ['"${" is not closed by "}"'], never: ["not set"] },
  "not closed, in a secret": { text: "pa${ssword", says: ["is not closed"], never: ["ssword"] },
  "not closed, nested": { text: "${file:${NAME}/x", says: ["is not closed"], never: ["value"] },
  "an empty reference": { text: "${}", says: ["expected ${NAME} or ${file:PATH}"] },
  "no name": { text: "a${hunter 2}", says: ["expected ${NAME} or ${file:PATH}"], never: ["hunter"] },
  "a secret as a name": { text: "${${SECRET}}", says: ["${SECRET} is not set"], never: ["hunter2"] },
  "a secret as a path": { text: "${file:${SECRET}}", says: ["cannot read ${SECRET}"], never: ["hunter2"] },
  "an unset variable in a path": {
    text: "${file:${NOWHERE}/klas}",
    says: ["NOWHERE is not set"],
    never: ["cannot read"],
  },
};

describe.each(Object.entries(scenarios))("%s", (_what, { text, says, never = [] }) => {
  const { problems } = run({ webhook: { secrets: ["fine", text] } });
  const messages = problems.map(({ message }) => message);

  test("is reported in one message each, with its place", () => {
    expect(messages).toHaveLength(says.length);
    for (const [index, part] of says.entries()) expect(messages[index]).toContain(part);
    for (const { path } of problems) expect(path).toEqual(["webhook", "secrets", "1"]);
  });

  test("without what is not to be shown", () => {
    for (const part of never) expect(messages.join("\n")).not.toContain(part);
  });
});

test("reaches texts in tables and lists, and leaves everything else as it is", () => {
  const date = new Date(0);
  const table = { a: "${NAME}", b: [1, true, ["${NAME}"]], c: { "${NAME}": date }, d: 1n };
  const { value, problems } = run(table);
  expect(value).toEqual({ a: "value", b: [1, true, ["value"]], c: { "${NAME}": date }, d: 1n });
  expect(problems).toEqual([]);
});

test("any text with its `${` doubled is a literal", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "a", "${", ":") }), (text) => {
      // A `$` before `${` would make two of it.
      if (text.includes("$${")) return;
      expect(run(text.replaceAll("${", () => "$${"))).toEqual({ value: text, problems: [] });
    }),
  );
});

test("any text is replaced or reported, and never throws", () => {
  const parts = fc.constantFrom(
    "$",
    "{",
    "}",
    "${",
    "$${",
    "file:",
    "NAME",
    "SECRET",
    "plain",
    "/",
    ".",
    "x",
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), (list) => {
      const { problems } = run(list.join(""));
      for (const { message } of problems) expect(message).not.toContain("hunter2");
    }),
    { numRuns: 1000 },
  );
});
