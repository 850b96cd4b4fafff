import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startConnectProxy } from "../connect-proxy.ts";
import { type Certificates, makeCertificates } from "../plugins/rest/certificates.ts";
import { listenerOrigin } from "../../src/certify/signed-call.ts";
import { sign, signingKey } from "../../src/protocol/signature.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { runProgram } from "./run-program.ts";

async function call(url: string | URL, environment: Record<string, string> = {}) {
  return await runProgram(["call", "12001", "--url", String(url), "--secret", "x"], { environment });
}

const NOWHERE = "http://127.0.0.1:1";

/** Only what the command line says counts. */
const PROXY_VARIABLES = {
  HTTP_PROXY: NOWHERE,
  http_proxy: NOWHERE,
  HTTPS_PROXY: NOWHERE,
  ALL_PROXY: NOWHERE,
};

async function serveTls(certificates: Certificates) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: await certificates.read("server.pem"), key: await certificates.read("server.key") },
    fetch: () => new Response("{}"),
  });
}

function startOther(status = 200) {
  return Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("{}", { status }) });
}

test.each([
  [403, "is this address in server.allow_ips?"],
  [404, "is --url the WEBHOOK_URL, without /balance?"],
  [502, "from a proxy: is the server behind it running?"],
])("what an HTTP status of %d may mean is said", async (status, hint) => {
  using other = startOther(status);
  const { stdout, exitCode } = await call(other.url);
  expect(stdout).toStartWith(`HTTP status  ${status}  (${hint})\n`);
  expect(exitCode).toBe(1);
});

test("without --url, what another program says at the port of the configuration is not blamed on --url", async () => {
  using other = startOther(404);
  const cwd = temporaryFolder();
  const source = '[sources.players]\nplugin = "static"\nplayers = {}\n';
  writeFileSync(
    join(cwd, "config.toml"),
    `[server]\nport = ${other.port}\n[webhook]\nsecrets = ["a-secret-of-some-length"]\n${source}`,
  );
  const { stdout, exitCode } = await runProgram(["call", "12001"], { cwd });
  expect(stdout).toStartWith(
    "HTTP status  404  (is it another program that listens there, or was webhook.path ",
  );
  expect(exitCode).toBe(1);
});

test("a certificate of an authority of one's own is refused in words, and trusted by a variable", async () => {
  await using certificates = await makeCertificates();
  await certificates.issue("server", "DNS:localhost");
  using other = await serveTls(certificates);
  const url = `https://localhost:${other.port}`;
  const refused = await call(url);
  expect(refused.stderr).toBe(
    `error: no answer from ${url}/balance: its certificate is not trusted; the variable NODE_EXTRA_CA_CERTS names the file of an authority of your own\n`,
  );
  expect(refused.exitCode).toBe(1);
  const trusted = await call(url, { NODE_EXTRA_CA_CERTS: join(certificates.directory, "ca.pem") });
  expect(trusted.stdout).toStartWith("HTTP status  200\n");
});

test("a proxy of the environment is not used", async () => {
  using other = startOther();
  const { stdout, stderr } = await call(other.url, PROXY_VARIABLES);
  expect(stderr).toBe("");
  expect(stdout).toStartWith("HTTP status  200\n");
});

test.each([
  ["", ""],
  ["klas:p%40ss@", `Proxy-Authorization: Basic ${btoa("klas:p@ss")}\r\n`],
])("--proxy http://%shost:port is gone through", async (user, credentials) => {
  using other = startOther();
  await using proxy = await startConnectProxy();
  const options = [
    "--url",
    other.url.href,
    "--secret",
    "x",
    "--proxy",
    `http://${user}127.0.0.1:${proxy.port}`,
  ];
  const { stdout } = await runProgram(["call", "12001", ...options], { environment: PROXY_VARIABLES });
  expect(stdout).toStartWith("HTTP status  200\n");
  const target = `127.0.0.1:${other.port}`;
  expect(proxy.heads).toEqual([`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${credentials}\r\n`]);
});

test.each([
  ["refuses", "HTTP/1.1 403 Forbidden\r\n\r\n", "HTTP/1.1 403 Forbidden"],
  ["is none", "SSH-2.0-OpenSSH\r\n\r\n", "it does not speak HTTP"],
  ["closes", "", "it closed the connection"],
])("a proxy that %s is blamed, not the endpoint", async (_, refusal, problem) => {
  await using proxy = await startConnectProxy(refusal);
  const options = ["--url", NOWHERE, "--secret", "x", "--proxy", `http://127.0.0.1:${proxy.port}`];
  const { stderr, exitCode } = await runProgram(["call", "12001", ...options]);
  expect(stderr).toBe(
    `error: no answer from ${NOWHERE}/balance: the proxy makes no connection to 127.0.0.1:1: ${problem}\n`,
  );
  expect(exitCode).toBe(1);
});

test("no variable turns the check of certificates off", async () => {
  await using certificates = await makeCertificates();
  await certificates.issue("server", "DNS:localhost");
  using other = await serveTls(certificates);
  const { stderr } = await call(`https://localhost:${other.port}`, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  expect(stderr).toContain("its certificate is not trusted");
});

test("a certificate for another name, or for the address that is called", async () => {
  await using certificates = await makeCertificates();
  await certificates.issue("server", "IP:127.0.0.1");
  using other = await serveTls(certificates);
  const trusted = { NODE_EXTRA_CA_CERTS: join(certificates.directory, "ca.pem") };
  const byName = await call(`https://localhost:${other.port}`, trusted);
  expect(byName.stderr).toContain("its certificate is for another name");
  const byAddress = await call(`https://127.0.0.1:${other.port}`, trusted);
  expect(byAddress.stdout).toStartWith("HTTP status  200\n");
});

test("a URL with the wrong scheme is said to have it", async () => {
  await using certificates = await makeCertificates();
  await certificates.issue("server", "DNS:localhost");
  using tls = await serveTls(certificates);
  const plainly = await call(`http://127.0.0.1:${tls.port}`);
  expect(plainly.stderr).toContain("; it speaks TLS there: the URL begins with https://");
  using plain = startOther();
  const encrypted = await call(`https://127.0.0.1:${plain.port}`);
  expect(encrypted.stderr).toContain("it does not speak TLS there: does the URL begin with http://?");
});

test.each([
  ["::1", "http://[::1]:8080"],
  ["[::1]", "http://[::1]:8080"],
  ["::", "http://[::1]:8080"],
  ["[::]", "http://[::1]:8080"],
  ["0.0.0.0", "http://127.0.0.1:8080"],
  ["localhost", "http://localhost:8080"],
])("a server that listens on %s is reached at %s", (host, origin) => {
  expect(listenerOrigin("http", { host, port: 8080 })).toBe(origin);
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
    [
      "one that is not sound",
      `[webhook]\nsecrets = []\n${source}`,
      "error: config.toml: webhook.secrets: expected",
    ],
  ])("%s here ends it with status 2", async (_, config, problem) => {
    const { stderr, exitCode } = await callFrom(config);
    expect(stderr).toStartWith(problem);
    expect(exitCode).toBe(2);
  });
});
