import { expect, test } from "bun:test";
import { secretWarnings } from "../../src/config/secret-warnings.ts";

const GOOD = "as-Klas-Gaming-issued-it";

test.each([
  ["a trial secret", `trial-${"0".repeat(64)}`, "is a trial one, which Klas Gaming does not know"],
  ["a blank after it", `${GOOD} `, "has white space or a byte-order mark at an end"],
  ["a tab before it", `\t${GOOD}`, "has white space or a byte-order mark at an end"],
  ["a byte-order mark", `\ufeff${GOOD}`, "has white space or a byte-order mark at an end"],
  ["two lines", `${GOOD}\n${GOOD}`, "has several lines"],
  ["the one before", GOOD, "is the same as secret 1"],
  ["15 characters", "123456789012345", "is shorter than 16 characters"],
])("%s is warned of, without a word of it", (_, secret, words) => {
  const [warning, ...others] = secretWarnings([GOOD, secret]);
  expect(warning).toStartWith(`secret 2 ${words}`);
  expect(others).toEqual([]);
  expect(warning).not.toContain(secret.trim());
});

test("a secret of 16 characters and more, whatever is in it, is not", () => {
  expect(secretWarnings([GOOD, "1234567890123456", "a blank within is one of its characters"])).toEqual([]);
});
