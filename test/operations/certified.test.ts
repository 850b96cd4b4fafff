import { expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import { run } from "../server-process.ts";
import { operate, SECRET } from "./operated.ts";

setDefaultTimeout(60_000);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

test.each([
  ["authenticate", ["--player", "12001", "--balance", "30", "--samples", "20"]],
  ["forward", ["--core"]],
])("our own %s conforms", async (endpoint, options) => {
  const port = await freePort();
  const webhook = [
    `secrets = ["${SECRET}"]`,
    "authenticate = true",
    'currency = "EUR"',
    `forward = { url = "http://127.0.0.1:${port}/klas" }`,
  ].join("\n");
  await using server = await operate({ webhook });
  const url = `http://127.0.0.1:${server.process.port}`;
  const core = endpoint === "forward" ? [String(port)] : [];
  const { stdout, exitCode } = await run(
    ["certify", "--url", url, "--secret", SECRET, "--endpoint", endpoint, ...options, ...core, "--failed"],
    { cwd: server.folder },
  );
  expect(stdout).toContain(" 0 failed, ");
  expect(stdout).toEndWith(" conforms\n");
  expect(exitCode).toBe(0);
});
