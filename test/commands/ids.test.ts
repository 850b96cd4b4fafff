import { expect, test } from "bun:test";
import { runProgram } from "./run-program.ts";

const CERTIFY = ["certify", "--url", "http://127.0.0.1:1", "--secret", "a-secret-of-some-length"];

const COMMANDS: readonly (readonly string[])[] = [
  ["call"],
  ["call", "--url", "http://127.0.0.1:1", "--secret", "a-secret-of-some-length"],
  ["check", "--player"],
  ["check", "--session"],
  ["tail", "--player"],
  ["serve", "--show-call"],
  ["plugins", "test", "static", "--player"],
  [...CERTIFY, "--player"],
  [...CERTIFY, "--player", "12001", "--unknown-player"],
];

test.each(COMMANDS.map((words) => [words.join(" "), words] as const))(
  "%s takes no id that no source is ever asked about",
  async (_, words) => {
    for (const id of ["", "1".repeat(257), "12\n001"]) {
      const { exitCode, stdout, stderr } = await runProgram([...words, id]);
      expect([exitCode, stdout]).toEqual([2, ""]);
      expect(stderr).toContain("Expected 1 to 256 well-formed characters, none of them a control character.");
    }
  },
);
