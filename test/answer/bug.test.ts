import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import { listenForAdmin } from "../../src/admin/listener.ts";
import { keepLatest } from "../../src/admin/recent.ts";
import { listen } from "../../src/answer/listener.ts";
import type { Service } from "../../src/answer/service.ts";
import { type Log, openLog } from "../../src/observe/log.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const folder = temporaryFolder();

function bug(): never {
  throw new Error("a bug that quotes a secret");
}

/** The runtime's page for developers shows message, stack and source, in a compiled binary too. */
async function expectToldToTheLogAlone(ask: (log: Log) => Promise<Response>): Promise<Response> {
  const file = join(folder, "log");
  const fileDescriptor = openSync(file, "w");
  const log = openLog({ level: "info", format: "json" }, { fileDescriptor });
  const response = await ask(log);
  expect([response.status, await response.text()]).toEqual([500, ""]);
  await log.flush();
  closeSync(fileDescriptor);
  expect(readFileSync(file, "utf8")).toContain("a bug that quotes a secret");
  return response;
}

const WEBHOOK = {
  path: "/",
  secrets: ["a-secret-of-the-tests"] as [string],
  source: "players",
  timeout_ms: 1000,
  max_in_flight: 1,
  authenticate: false,
  status_codes: {},
};

test.each(["allowedIps", "keys"])("a bug with %s, past the handler, shows a caller nothing", async (part) => {
  await expectToldToTheLogAlone(async (log) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of it is read on the way there
    const service = Object.defineProperty({ log }, part, { get: bug }) as Service;
    const place = { host: "127.0.0.1", port: 0, tls: undefined, sharesPort: false };
    const listener = listen({ ...place, webhook: WEBHOOK }, () => service);
    const response = await fetch(listener.url, { method: "POST", body: "{}" });
    listener.kill();
    return response;
  });
});

test.each(["/readyz", "/metrics", "/api/series"])(
  "a bug in %s of the admin listener shows nothing",
  async (path) => {
    const response = await expectToldToTheLogAlone(async (log) => {
      const listener = listenForAdmin(
        { host: "127.0.0.1", port: 0 },
        {
          notReady: () => Promise.reject(new Error("a bug that quotes a secret")),
          warnings: () => [],
          metrics: bug,
          trustedProxies: bug,
          console: {
            status: bug,
            refresh: () => Promise.resolve(),
            series: bug,
            calls: keepLatest(0),
            leftOut: bug,
            failedBodies: keepLatest(0),
            secrets: () => [],
            call: bug,
            players: bug,
            manual: { topics: [], html: bug },
          },
        },
        log,
      );
      const answer = await fetch(new URL(path, listener.url));
      listener.stop();
      return answer;
    });
    expect(response.headers.get("Content-Security-Policy")).toContain("default-src 'none'");
  },
);
