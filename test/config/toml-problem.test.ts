import { expect, test } from "bun:test";
import { assert, constantFrom, property, string } from "fast-check";
import { parse, TomlError } from "smol-toml";
import { tomlProblem } from "../../src/config/toml-problem.ts";

/** What is said of a text; nothing of one that is TOML. */
function problemOf(text: string): string | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (error instanceof TomlError) return tomlProblem(text, error);
    throw error;
  }
}

test.each([
  [
    'port = 1\nsecrets = ["abc]\n',
    "line 2, column 17: ",
    "a quotation mark is missing",
    ': secrets = ["****]',
  ],
  ["file = 'balances.db", "line 1, column 8: ", "a quotation mark is missing", ": file = '****"],
  ['file = "C:\\Users\\klas"', "line 1, column 13: ", "a backslash within", ': file = "****"'],
  ['file = "C:\\data"', "line 1, column 12: ", "put the text into '…'", ': file = "****"'],
  ["host = localhost", "line 1, column 8: ", "text goes in quotation marks", ": host = ****"],
  ["host = “localhost”", "line 1, column 8: ", "typographic quotation marks", ": host = “****”"],
  ["authenticate = True", "line 1, column 16: ", "in lower case", ": authenticate = ****"],
  ["port = ", "line 1, column 8: ", "there is no value after =", ": port ="],
  ["port: 3", "line 1, column 5: ", "separated by =, not by a colon", ": port: ****"],
  ["[server\nport = 1", "line 1, column 8: ", "closed by ]", ": [server"],
  ["port = 1\nport = 2", "line 2, column 1: ", "it stands above already; each key", ": port = ****"],
  ["port = 08080", "line 1, column 8: ", "a number does not begin with 0", ": port = ****"],
  ["port = 80 host = 1", "line 1, column 11: ", "something comes after the value", ": port = **** = ****"],
  ["port = 99999999999999999999", "line 1, column 8: ", "the number has too many digits", ": port = ****"],
  ["just words", "line 1, column 6: ", "a line is KEY = VALUE", "COMMENT"],
])("%j", (text, place, words, end) => {
  const problem = problemOf(text) ?? "";
  expect(problem).toStartWith(`${place}not TOML: `);
  expect(problem).toContain(words);
  expect(problem).toEndWith(end);
});

const SECRET = "s3cret-4711";

test.each([
  `secrets = ["${SECRET}]`,
  `secrets = [${SECRET}]`,
  `secrets = ["${SECRET}\\q"]`,
  `secrets = '${SECRET}''`,
  `secrets = ["x" "${SECRET}"]`,
  `secrets = ["a b ${SECRET} c`,
  `secrets = [\n"${SECRET}\n]`,
  `token = """\n${SECRET}=\\q\n"""`,
  `[${SECRET}`,
  SECRET,
])("%j: the value is not shown", (text) => {
  expect(problemOf(text)).toContain("not TOML");
  expect(problemOf(text)).not.toContain(SECRET);
});

test("whatever stands around a value, it is not shown", () => {
  const around = string({
    unit: constantFrom('"', "'", "[", "]", "{", "}", ",", " ", "\\", "\n", "#", "=", "“"),
  });
  assert(
    property(around, around, (before, after) => {
      const text = `secrets = ${before}${SECRET}${after}`;
      expect(problemOf(text) ?? "").not.toContain(SECRET);
    }),
  );
});
