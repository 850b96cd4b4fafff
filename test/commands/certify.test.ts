import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  BALANCE,
  correct,
  PLAYER,
  SECRET,
  serveSteps,
  signatureOf,
  signedResponse,
} from "../certify/reference.ts";
import { startConnectProxy } from "../connect-proxy.ts";
import { runProgram } from "./run-program.ts";

const folder = mkdtempSync(join(tmpdir(), "certify-"));
const good = serveSteps();
const broken = serveSteps({
  verify: (body, header) => header === signatureOf(body),
  respond: (reply, status) => signedResponse(reply, status, signatureOf(reply).toUpperCase()),
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([good.stop(), broken.stop()]);
});

const environment = { KLAS_SECRET: SECRET };

function certify(url: string, ...more: string[]) {
  return runProgram(["certify", "--url", url, "--player", PLAYER, "--samples", "10", ...more], {
    environment,
  });
}

test("prints a line a case, the times and the verdict, and exits 0", async () => {
  const { stdout, stderr, exitCode } = await certify(good.url, "--balance", BALANCE);
  expect(stdout).toContain("pass  must    1.2  signature-upper-case\n");
  expect(stdout).toContain("10 good calls, in ms: p50 ");
  expect(stdout.trimEnd().split("\n").at(-1)).toBe(`${good.url}/balance conforms`);
  expect(stdout).not.toContain("\u001b");
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
});

test("goes through a proxy if it is told to, case by case", async () => {
  await using proxy = await startConnectProxy();
  const { stdout, exitCode } = await certify(good.url, "--proxy", `http://127.0.0.1:${proxy.port}`);
  expect(stdout).toContain(`${good.url}/balance conforms`);
  expect(exitCode).toBe(0);
  expect(proxy.heads.length).toBeGreaterThan(50);
});

test("says what the columns are, shows only what failed if asked to, and what to mend first", async () => {
  const { stdout } = await certify(broken.url, "--failed");
  const [head, ...lines] = stdout.split("\n");
  expect(head).toContain('(rule: the section of "klas-balance help protocol")');
  expect(lines.some((line) => line.startsWith("FAIL  must    1.2  signature-upper-case"))).toBe(true);
  expect(lines.filter((line) => line.startsWith("pass") || line.startsWith("skip"))).toEqual([]);
  expect((await certify(good.url, "--failed")).stdout).toMatch(/^must: \d+ passed, 0 failed/);
});

test("a good call that is not answered ends it, with the cause, within the first lines", async () => {
  const { stdout, exitCode } = await certify(`${good.url}/balance`);
  expect(stdout).toContain("\ncause: --url ends in /balance already: ");
  expect(stdout).toContain("\nMend that first; --keep-going runs what can be run without it.\n");
  expect(stdout.split("\n").length).toBeLessThan(12);
  expect(exitCode).toBe(1);
});

test("says what is wrong, where it says so and why, and exits 1", async () => {
  const { stdout, exitCode } = await certify(
    broken.url,
    "--only",
    "signature-upper-case",
    "--only",
    "reply-signature-*",
  );
  expect(stdout).toContain(
    "FAIL  must    1.2  signature-upper-case        expected OK; got ERR_INTEGRITY_CHECK_FAILED (HTTP 200)\n" +
      "      Upper-case digits are accepted: they stand for the same bytes.\n",
  );
  expect(stdout).toContain("warn  should  1.2  reply-signature-lower-case");
  expect(stdout).toContain(`${broken.url}/balance does not conform`);
  expect(exitCode).toBe(1);
});

test("a should alone is advice: exit status 0", async () => {
  const { stdout, exitCode } = await certify(broken.url, "--only", "reply-signature-lower-case");
  expect(stdout).toContain("warn  should");
  expect(exitCode).toBe(0);
});

test("prints JSON and writes JUnit", async () => {
  const junit = join(folder, "report.xml");
  const { stdout, exitCode } = await certify(broken.url, "--json", "--junit", junit, "--only", "*-case");
  expect(exitCode).toBe(1);
  const report: unknown = JSON.parse(stdout);
  expect(report).toMatchObject({
    url: `${broken.url}/balance`,
    conforms: false,
    must: { passed: 1, failed: 1, skipped: 0 },
    should: { passed: 0, failed: 1, skipped: 0 },
    latency_ms: null,
  });
  const xml = readFileSync(junit, "utf8");
  expect(xml).toContain(
    '<testsuite name="klas-balance certify" tests="3" failures="1" errors="0" skipped="1"',
  );
  expect(xml).toContain('name="signature-upper-case"');
  expect(xml).toContain('<failure message="expected OK; got ERR_INTEGRITY_CHECK_FAILED (HTTP 200)">');
  expect(xml).toContain('<skipped message="should: X-Signature has upper-case digits"/>');
});

test("--junit takes a pipe, and its reader gets the report whole", async () => {
  const pipe = join(folder, "pipe");
  await Bun.$`mkfifo ${pipe}`;
  const reader = Bun.spawn(["cat", pipe], { stdout: "pipe" });
  await certify(broken.url, "--junit", pipe, "--only", "*-case");
  expect(await reader.stdout.text()).toMatch(/<testsuite [^]*<\/testsuites?>\n?$/);
});

test("a port that --core cannot have is named with the program that has it", async () => {
  const port = new URL(broken.url).port;
  const { stderr, exitCode } = await certify(broken.url, "--endpoint", "forward", "--core", port);
  expect(stderr).toMatch(
    /^error: cannot listen at --core: another program uses it.*; choose another --core\n$/,
  );
  expect(exitCode).toBe(1);
});

test.each(["no-such-folder/report.xml", "."])("--junit %s is found out before any call", async (junit) => {
  let calls = 0;
  using endpoint = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json((calls += 1)) });
  const { stdout, stderr, exitCode } = await certify(endpoint.url.href, "--junit", join(folder, junit));
  expect([calls, stdout, exitCode]).toEqual([0, "", 1]);
  expect(stderr).toStartWith(`error: cannot write ${join(folder, junit)}: `);
});

test("an endpoint that is down is one line, exit status 1", async () => {
  const stopped = serveSteps();
  await stopped.stop();
  const { stdout, stderr, exitCode } = await certify(stopped.url);
  expect({ stdout, stderr, exitCode }).toEqual({
    stdout: "",
    stderr: `error: cannot reach ${stopped.url}/balance: connection refused\n`,
    exitCode: 1,
  });
});

test("an unknown case is a misuse that names a near one, exit status 2", async () => {
  const { stderr, exitCode } = await certify(good.url, "--skip", "signature-upercase");
  expect(stderr).toBe('error: no case is called signature-upercase, did you mean "signature-upper-case"?\n');
  expect(exitCode).toBe(2);
});

test("a report names neither secret, signature nor balance", async () => {
  const wrong = serveSteps({
    reply: (code, balance) => correct.reply(code, balance && "98765.4300", new Uint8Array()),
    respond: (reply, status) => signedResponse(reply, status, signatureOf(`${reply} `)),
  });
  const { stdout } = await certify(wrong.url, "--balance", BALANCE, "--json");
  await wrong.stop();
  expect(stdout).toContain("the balance has needless zeros");
  for (const secret of [SECRET, "98765", BALANCE]) expect(stdout).not.toContain(secret);
  expect(stdout).not.toMatch(/[0-9a-f]{64}/);
});
