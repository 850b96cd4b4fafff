import { expect, test } from "bun:test";
import { join } from "node:path";
import { makeCertificates } from "../plugins/rest/certificates.ts";
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
