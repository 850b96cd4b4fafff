import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificates } from "../plugins/rest/certificates.ts";
import { sign, signingKey } from "../../src/protocol/signature.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

async function call(url: string | URL, environment: Record<string, string> = {}) {
  return await runProgram(["call", "12001", "--url", String(url), "--secret", "x"], { environment });
}

test.each([
  [403, "is this address in server.allow_ips?"],
  [404, "is --url the WEBHOOK_URL, without /balance?"],
  [502, "from a proxy: is the server behind it running?"],
])("what an HTTP status of %d may mean is said", async (status, hint) => {
  using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("", { status }) });
  const { stdout, exitCode } = await call(other.url);
  expect(stdout).toStartWith(`HTTP status  ${status}  (${hint})\n`);
  expect(exitCode).toBe(1);
});

test("a certificate of an authority of one's own is refused in words, and trusted by a variable", async () => {
  await using certificates = await makeCertificates();
  await certificates.issue("server", "DNS:localhost");
  using other = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: await certificates.read("server.pem"), key: await certificates.read("server.key") },
    fetch: () => new Response("{}"),
  });
  const url = `https://localhost:${other.port}`;
  const refused = await call(url);
  expect(refused.stderr).toBe(
    `error: no answer from ${url}/balance: its certificate is not trusted; the variable NODE_EXTRA_CA_CERTS names the file of an authority of your own\n`,
  );
  expect(refused.exitCode).toBe(1);
  const trusted = await call(url, { NODE_EXTRA_CA_CERTS: join(certificates.directory, "ca.pem") });
  expect(trusted.stdout).toStartWith("HTTP status  200\n");
});

async function callFrom(config: string | undefined) {
  const cwd = temporaryFolder();
  if (config !== undefined) writeFileSync(join(cwd, "config.toml"), config);
  using other = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const right = sign(await request.bytes(), signingKey("the first one"));
      return Response.json({
        status_code: request.headers.get("X-Signature") === right ? "OK" : "ERR_OTHER",
      });
    },
  });
  return await runProgram(["call", "12001", "--url", other.url.href], { cwd });
}
const source = '[sources.players]\nplugin = "static"\nplayers = {}\n';

describe("with --url and no secret", () => {
  test("the first one of this folder's configuration is used, and it says so", async () => {
    const { stdout, stderr } = await callFrom(`[webhook]\nsecrets = ["the first one", "other"]\n${source}`);
    expect(stdout).toContain("status_code  OK\n");
    expect(stderr).toBe("signed with the first secret of config.toml; --secret-file FILE names another\n");
  });

  test.each([
    ["no configuration", undefined, "error: a secret is needed: give --secret-file FILE"],
    ["one that is not sound", `[webhook]\nsecrets = []\n${source}`, "config.toml: webhook.secrets: expected"],
  ])("%s here ends it with status 2", async (_, config, problem) => {
    const { stderr, exitCode } = await callFrom(config);
    expect(stderr).toStartWith(problem);
    expect(exitCode).toBe(2);
  });
});
