import { afterAll, afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "@commander-js/extra-typings";
import {
  givenSecrets,
  requiredSecret,
  SECRET_VARIABLE,
  secretFileOption,
  secretOption,
  secretsOption,
} from "../../src/commands/secret-option.ts";

const folder = mkdtempSync(join(tmpdir(), "secret-option-"));
const savedVariable = process.env[SECRET_VARIABLE];

beforeEach(() => {
  delete process.env[SECRET_VARIABLE];
});

afterEach(() => {
  if (savedVariable === undefined) delete process.env[SECRET_VARIABLE];
  else process.env[SECRET_VARIABLE] = savedVariable;
});

afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array): string {
  const path = join(folder, "secret");
  writeFileSync(path, content);
  return path;
}

interface Run {
  readonly secrets?: readonly string[];
  readonly stderr: string;
  readonly exitCode?: number;
}

function run(arguments_: readonly string[], repeatable = false): Run {
  let stderr = "";
  let secrets: readonly string[] | undefined;
  const bare = new Command("probe").exitOverride().configureOutput({ writeErr: (text) => (stderr += text) });
  const command = repeatable
    ? bare.addOption(secretsOption()).addOption(secretFileOption())
    : bare.addOption(secretOption()).addOption(secretFileOption());
  command.action(() => {
    const options = command.opts();
    secrets = repeatable ? givenSecrets(command, options) : [requiredSecret(command, options)];
  });
  try {
    command.parse(arguments_, { from: "user" });
  } catch (error) {
    const exitCode = error instanceof Error && "exitCode" in error ? Number(error.exitCode) : -1;
    return { stderr, exitCode };
  }
  return { stderr, ...(secrets === undefined ? {} : { secrets }) };
}

test("an option goes before the file, the file before the variable", () => {
  process.env[SECRET_VARIABLE] = "of the variable";
  const path = file("of the file\n");
  expect(run(["--secret", "of the option", "--secret-file", path]).secrets).toEqual(["of the option"]);
  expect(run(["--secret-file", path]).secrets).toEqual(["of the file"]);
  expect(run([]).secrets).toEqual(["of the variable"]);
});

test.each([
  ["a\n", "a"],
  ["a\r\n", "a"],
  ["a\n\n", "a\n"],
  [" a ", " a "],
  ["ключ", "ключ"],
])("the file %j holds the secret %j", (content, secret) => {
  expect(run(["--secret-file", file(content)]).secrets).toEqual([secret]);
});

test("several secrets if the command takes them", () => {
  expect(run(["--secret", "new", "--secret", "old"], true).secrets).toEqual(["new", "old"]);
  expect(run([], true).secrets).toEqual([]);
});

test("no secret is a misuse that names all three ways", () => {
  const { stderr, exitCode } = run([]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("--secret VALUE");
  expect(stderr).toContain("--secret-file FILE");
  expect(stderr).toContain(SECRET_VARIABLE);
});

test("an empty secret, a missing file and a file that is not text are misuses", () => {
  expect(run(["--secret", ""])).toEqual({ stderr: "error: the secret is empty\n", exitCode: 2 });
  expect(run(["--secret-file", file("\n")]).exitCode).toBe(2);
  expect(run(["--secret-file", join(folder, "nowhere")]).stderr).toContain("nowhere");
  const notText = run(["--secret-file", file(new Uint8Array([0xff, 0xfe]))]);
  expect(notText).toEqual({
    stderr: `error: cannot read the secret file ${join(folder, "secret")}: it is not UTF-8\n`,
    exitCode: 2,
  });
});
