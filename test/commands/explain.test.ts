import { afterAll, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";

const folder = mkdtempSync(join(tmpdir(), "explain-"));
afterAll(() => rmSync(folder, { recursive: true }));

const BODY = '{"a": 1}\n';
const SHA256 = createHash("sha256").update(BODY).digest("hex");
const file = join(folder, "body.json");
writeFileSync(file, BODY);

function hmac(body: string, secret = "s"): string {
  return createHmac("sha256", secret).update(body).digest("hex");
}

test("a right signature exits 0 and names the secret", async () => {
  const { stdout, exitCode } = await runProgram([
    "explain",
    file,
    "--signature",
    hmac(BODY),
    "--secret",
    "other",
    "--secret",
    "s",
  ]);
  expect(stdout).toBe(`The signature fits the body of 9 bytes (SHA-256 ${SHA256}), secret 2 of 2.\n`);
  expect(exitCode).toBe(0);
});

test("a mistake is named and exits 1; the body may come from standard input", async () => {
  const { stdout, exitCode } = await runProgram(["explain", "-", "--signature", hmac('{"a": 1}')], {
    input: BODY,
    environment: { KLAS_SECRET: "s" },
  });
  expect(stdout).toBe(
    `The signature does not fit the body of 9 bytes (SHA-256 ${SHA256}).\n` +
      "What was done:\n  - it was made over the body without its trailing newline\n",
  );
  expect(exitCode).toBe(1);
});

test("what is not explained says so, and how to go on", async () => {
  const { stdout, exitCode } = await runProgram(["explain", file, "--signature", hmac("x"), "--secret", "s"]);
  expect(stdout).toContain("No known mistake leads to it");
  expect(exitCode).toBe(1);
});

test("what is no signature at all is said so, and nothing else", async () => {
  const { stdout, exitCode } = await runProgram(["explain", file, "--signature", "abc", "--secret", "s"]);
  expect(stdout).toBe("The signature is not 64 hex digits: it has 3 characters.\n");
  expect(exitCode).toBe(1);
});

test("--json is for programs and holds neither secret nor signature", async () => {
  const { stdout, exitCode } = await runProgram([
    "explain",
    file,
    "--json",
    "--signature",
    hmac('{"a":1}'),
    "--secret",
    "s",
  ]);
  const explanation: unknown = JSON.parse(stdout);
  expect(explanation).toMatchObject({
    fits: false,
    secret: 1,
    secrets: 1,
    mistakes: [{ id: "reserialized-json" }],
    body_bytes: 9,
    body_sha256: SHA256,
  });
  expect(stdout).not.toContain(hmac(BODY));
  expect(exitCode).toBe(1);
});

test("no secret and no file are misuses", async () => {
  const withoutSecret = await runProgram(["explain", file, "--signature", "00"]);
  expect(withoutSecret.stderr).toContain("KLAS_SECRET");
  expect(withoutSecret.exitCode).toBe(2);
  const withoutFile = await runProgram([
    "explain",
    join(folder, "none"),
    "--signature",
    "00",
    "--secret",
    "s",
  ]);
  expect(withoutFile.stderr).toStartWith("error: cannot read ");
  expect(withoutFile.exitCode).toBe(2);
});

// The words of spec 4.
test.each([
  ["re-serialized JSON", hmac('{"a":1}')],
  ["trailing newline", hmac(`${BODY}\n`)],
  ["base64", createHmac("sha256", "s").update(BODY).digest("base64")],
  ["SHA-512", createHmac("sha512", "s").update(BODY).digest("hex")],
  ["upper-case", hmac(BODY).toUpperCase()],
])("%s is named so", async (words, signature) => {
  const { stdout } = await runProgram(["explain", file, "--signature", signature, "--secret", "s"]);
  expect(stdout).toContain(words);
});
