import { expect, test } from "bun:test";
import { nearMiss } from "../../src/near-miss.ts";
import { program } from "../../src/program.ts";
import { runProgram } from "./run-program.ts";

test.each([
  ["start", "serve"],
  ["start --port 9000", "serve --port 9000"],
  ["version", "--version"],
  ["reload", "help operations"],
  ["rotate", "help rotation"],
  ["-v", "--version"],
  ["SERVE", "serve"],
  ["--config x.toml serve", "serve --config x.toml"],
  ["--config=x.toml serve --port 1", "serve --config=x.toml --port 1"],
  ["check config.toml", "check --config config.toml"],
  ["serve /srv/klas/config.toml --port 1", "serve --config /srv/klas/config.toml --port 1"],
  ["test config.toml", "check --config config.toml"],
  ["check -config config.toml", "check --config config.toml"],
  ["start -c config.toml", "serve --config config.toml"],
  ["players add 1 30 EUR", "players set 1 30 EUR"],
  ["players delete 1", "players remove 1"],
  ["players rm 1", "players remove 1"],
  ["players show 1", "players get 1"],
  ["player rm 1", "players remove 1"],
  ["validate", "check"],
])("%s: %s was meant", async (given, meant) => {
  const { stderr, exitCode } = await runProgram(given.split(" "));
  expect(stderr).toStartWith("error: ");
  expect(stderr).toContain(`\nTry: klas-balance ${meant}\n`);
  expect(stderr).not.toContain("Did you mean");
  expect(exitCode).toBe(2);
});

test.each([[["frobnicate"]], [["serve", "--frobnicate"]], [["check", "what"]], [[]], [["--frobnicate"]]])(
  "%j: nothing is guessed",
  (words) => {
    expect(nearMiss(words, program())).toBeUndefined();
  },
);

test("what is guessed can be pasted, and repeats no secret", () => {
  const words = ["start", "--config", "it's mine/config.toml", "--secret", "klas-4711", "--secret=klas-4711"];
  expect(nearMiss(words, program())).toBe(
    "klas-balance serve --config 'it'\\''s mine/config.toml' --secret … --secret=…",
  );
});
