import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificates } from "../plugins/rest/certificates.ts";
import { run, serve } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { call, configOf, eventually, OK, type Tables } from "./operated.ts";

setDefaultTimeout(30_000);

const root = temporaryFolder();
const asked: string[] = [];

/** Takes whatever comes for a core's, as a proxy would, and answers a balance that no core has. */
const proxy = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    asked.push(request.headers.get("authorization") ?? "");
    return Response.json({ balance: 666 });
  },
});
const core = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json({ balance: 30 }) });
afterAll(() => Promise.all([proxy.stop(true), core.stop(true)]));

function rest(url: string): string {
  return `plugin = "rest"\nurl = "${url}"\nbalance = "/balance"\nretries = 0\nauth = { bearer = "token-of-the-core" }`;
}

async function freePort(): Promise<number> {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return listener.port;
}

async function started(tables: Tables, env: Record<string, string>) {
  const server = await serve(mkdtempSync(`${root}/`), configOf(tables), { env, options: [] });
  return { ...server, balance: async () => (await call(server.port))?.body.toString() };
}

const HOW: readonly Tables[] = [{ admin: false }, {}, { server: "workers = 2" }];

describe.each(HOW)("with %j", (tables) => {
  test("no variable sends a core's token through a proxy", async () => {
    const variables = Object.fromEntries(
      ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"].map((name) => [
        name,
        proxy.url.href,
      ]),
    );
    const server = await started({ ...tables, source: rest(`${core.url.href}{player_id}`) }, variables);
    expect(await server.balance()).toBe(OK);
    server.signal("SIGHUP");
    await eventually("the reload", () => Promise.resolve(server.log().includes('"reloaded"')));
    expect(await server.balance()).toBe(OK);
    expect(asked).toEqual([]);
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("no variable turns the checks of certificates off", async () => {
    await using certificates = await makeCertificates();
    await certificates.issue("first", "IP:127.0.0.1");
    const pem = { cert: await certificates.read("first.pem"), key: await certificates.read("first.key") };
    using tlsCore = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      tls: pem,
      fetch: () => Response.json({ balance: 666 }),
    });
    const source = rest(`https://127.0.0.1:${tlsCore.port}/{player_id}`);
    const server = await started({ ...tables, source }, { NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    expect(await server.balance()).toBe('{"status_code":"ERR_UNKNOWN"}');
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
  });

  test("no variable opens a debugger's port, changes options or shows tokens, and signals come through", async () => {
    const port = await freePort();
    const folder = mkdtempSync(`${root}/`);
    writeFileSync(join(folder, "advance.ts"), "setInterval(() => {}, 1000); globalThis.JSON = {};");
    const server = await started(
      { ...tables, source: rest(`${core.url.href}{player_id}`) },
      {
        BUN_INSPECT: `ws://127.0.0.1:${port}/debug`,
        BUN_OPTIONS: `--preload ${folder}/advance.ts`,
        BUN_CONFIG_VERBOSE_FETCH: "curl",
      },
    );
    expect(await server.balance()).toBe(OK);
    const connecting = Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
    expect(
      await connecting.then(
        () => "open",
        () => "closed",
      ),
    ).toBe("closed");
    expect(server.log()).not.toContain("token-of-the-core");
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
  });
});

test("a configuration may name such a variable all the same", async () => {
  const folder = mkdtempSync(`${root}/`);
  const source = rest("${HTTP_PROXY}{player_id}");
  writeFileSync(join(folder, "config.toml"), configOf({ source }));
  const { stdout, exitCode } = await run(["check"], { cwd: folder, env: { HTTP_PROXY: core.url.href } });
  expect(stdout).toContain('source "players" opens and answers');
  expect(exitCode).toBe(0);
});

test("arguments come through as they were given", async () => {
  const folder = mkdtempSync(`${root}/`);
  copyFileSync(import.meta.path, join(folder, "a file"));
  const arguments_ = ["sign", "a file", "--secret", "of some length 4711"];
  const plain = await run(arguments_, { cwd: folder });
  const restarted = await run(arguments_, { cwd: folder, env: { BUN_CONFIG_X: "1" } });
  expect(restarted).toEqual(plain);
  expect(plain.exitCode).toBe(0);
});
