import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "../binary.ts";
import { run, serve } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import {
  call,
  childrenOf,
  configOf,
  eventually,
  isAlive,
  OK,
  operate,
  type Operated,
  SECRET,
} from "./operated.ts";

/** What an operator's plugin may do at its import, before anything of ours can say how long it may take. */
const LOOPS = "for (;;) {}";
const BLOCKS = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);";
const ALLOCATES = "const all = []; for (;;) all.push(Buffer.alloc(2 ** 24, 1));";
const EXITS = "process.exit(3);";
const DIES = "process.kill(process.pid, 'SIGKILL');";

function pluginText(atImport: string): string {
  return `${atImport}\nexport default { apiVersion: 1, open: () => ({ lookup: () => ({ balance: "30" }) }) };\n`;
}

const root = temporaryFolder();
const CORE = 'plugin = "./core.ts"';

setDefaultTimeout(90_000);

async function freePort(): Promise<number> {
  using listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  return listener.port;
}

const started: Bun.Subprocess[] = [];
// One that hears no signal would loop for ever.
afterAll(() => {
  for (const child of started) child.kill("SIGKILL");
});

/** With nothing but an admin listener whose port is known before. */
async function startWith(atImport: string) {
  const folder = mkdtempSync(`${root}/`);
  const adminPort = await freePort();
  writeFileSync(join(folder, "core.ts"), pluginText(atImport));
  writeFileSync(join(folder, "config.toml"), configOf({ source: CORE, admin: `port = ${adminPort}` }));
  const child = Bun.spawn([binary(), "serve"], { cwd: folder, env: {}, stdout: "pipe", stderr: "pipe" });
  started.push(child);
  const readyz = `http://127.0.0.1:${adminPort}/readyz`;
  await eventually("the admin listener", () => fetch(readyz).then(Boolean, () => false));
  return { child, readyz };
}

describe.concurrent("at the start, a plugin that at its import", () => {
  test("loops, keeps neither the admin listener nor SIGTERM from being heard", async () => {
    const { child, readyz } = await startWith(LOOPS);
    const [worker = 0] = await eventually("the worker", async () => {
      const workers = childrenOf(child.pid);
      return workers.length > 0 && workers;
    });
    const response = await fetch(readyz);
    expect([response.status, await response.json()]).toMatchObject([503, { not_ready: ["starting"] }]);
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    await eventually("the worker's end", () => Promise.resolve(!isAlive(worker)));
  });

  test("allocates without end, ends the start with words", async () => {
    const { child } = await startWith(ALLOCATES);
    expect(await child.stderr.text()).toMatch(
      /^error: the worker died \(it took more than \d+ MiB of memory\), while loading the source "players" \(\.\/core\.ts\)\n$/,
    );
    expect(await child.exited).toBe(2);
  });

  test.each([
    ["exits", EXITS, "a plugin must not call process.exit: the process is the server's"],
    ["would die", DIES, "a plugin must not call process.kill: the process is the server's"],
  ])("%s, is named like any other problem", async (_what, atImport, says) => {
    const folder = mkdtempSync(`${root}/`);
    writeFileSync(join(folder, "core.ts"), pluginText(atImport));
    writeFileSync(join(folder, "config.toml"), configOf({ source: CORE }));
    const { exitCode, stderr } = await run(["serve"], { cwd: folder });
    expect(stderr).toBe(`error: config.toml: sources.players.plugin: core.ts:1:9: ${says}\n`);
    expect(exitCode).toBe(2);
  });
});

/** Calls are answered and the admin listener is, at each look. */
async function assertServing(server: Operated): Promise<void> {
  expect(await server.balance()).toBe(OK);
  expect((await server.readyz()).status).toBe(200);
}

describe.concurrent.each([1, 2])("at a reload, with workers = %d, a plugin that at its import", (workers) => {
  const tables = { server: `workers = ${workers}` };

  test.each([
    [
      "does not come to an end",
      BLOCKS,
      "the worker did not answer within 30000 ms, while loading the source",
    ],
    [
      "allocates without end",
      ALLOCATES,
      /the worker died \(it took more than \d+ MiB of memory\), while loading/,
    ],
    ["exits", EXITS, "config.toml: sources.players.plugin: core.ts:1:9: a plugin must not call process.exit"],
  ])("%s is refused with words, and the workers never see it", async (_what, atImport, says) => {
    await using server = await operate(tables);
    const before = childrenOf(server.process.pid);
    server.write("core.ts", pluginText(atImport));
    server.write("config.toml", configOf({ ...tables, source: CORE }));
    const reloading = server.reload(60_000);
    await assertServing(server);
    const line = await reloading;
    expect(line["problem"]).toMatch(says);
    await assertServing(server);
    expect((await server.readyz()).warnings.join()).toMatch(says);
    expect(childrenOf(server.process.pid)).toEqual(before);
    server.write("core.ts", pluginText(""));
    expect(await server.reload()).toMatchObject({ msg: "reloaded" });
    await assertServing(server);
  });
});

test("SIGTERM ends a server that is trying out a plugin which does not come to an end", async () => {
  await using server = await operate();
  server.write("core.ts", pluginText(LOOPS));
  server.write("config.toml", configOf({ source: CORE }));
  server.process.signal("SIGHUP");
  const workers = await eventually("the one that tries it out", () => {
    const children = childrenOf(server.process.pid);
    return Promise.resolve(children.length > 1 && children);
  });
  await assertServing(server);
  server.process.signal("SIGTERM");
  expect(await server.process.exited).toBe(0);
  await eventually("the end of all", () => Promise.resolve(!workers.some(isAlive)));
});

const BROKEN = `[server]
port = "eighty"
[webhook]
secrets = ["${SECRET}"]
source = "player"
[sources.players]
plugin = "sqlite"
[sources.mine]
plugin = "./core.ts"
lost = 1
[sources.gone]
plugin = "no-such"
`;

describe.concurrent("all problems are named at once, the host's and the sources'", () => {
  const STRICT = `import * as v from "valibot";
export default { apiVersion: 1, options: v.strictObject({ url: v.string("expected a url") }), open() {} };`;

  test.each([
    ["check", "", ""],
    ["serve", "", ""],
    ["serve", "workers = 3", ""],
    ["serve", "", "[admin]\nport = 0\n"],
  ])("by %s, with %j and %j", async (command, server, admin) => {
    const folder = mkdtempSync(`${root}/`);
    writeFileSync(join(folder, "core.ts"), STRICT);
    writeFileSync(join(folder, "config.toml"), BROKEN.replace("[server]", `[server]\n${server}`) + admin);
    const { exitCode, stdout, stderr } = await run([command], { cwd: folder });
    const lines = (command === "check" ? stdout : stderr).trimEnd().split("\n");
    const problems = lines.filter((line) => line.includes("config.toml: "));
    expect(problems.map((line) => line.replace(/^error:? +/, "").replace(/ \(.*$/, ""))).toEqual([
      "config.toml: server.port: expected an integer from 0 to 65535",
      'config.toml: webhook.source: the source "player" is not defined, did you mean "players"?',
      "config.toml: sources.players.file: missing; expected the path of a database",
      "config.toml: sources.mine.lost: unknown key",
      "config.toml: sources.mine.url: missing; expected a url",
      'config.toml: sources.gone.plugin: there is no plugin "no-such"',
    ]);
    expect(exitCode).toBe(2);
  });

  test.each(["", "workers = 2"])("nor does a worker's problem show a secret, with %j", async (server) => {
    const folder = mkdtempSync(`${root}/`);
    const secret = "hunter2-of-the-core";
    writeFileSync(
      join(folder, "core.ts"),
      `export default { apiVersion: 1, open({ token }) { throw new Error("cannot log in with " + token + "/" + process.env.T); } };`,
    );
    const source = `${CORE}\ntoken = "\${T}"\n[sources.other]\nplugin = "\${T}"`;
    writeFileSync(join(folder, "config.toml"), configOf({ server, source }));
    const invalid = await run(["serve"], { cwd: folder, env: { T: secret } });
    expect(invalid.stderr).toContain('sources.other.plugin: there is no plugin "****"');
    writeFileSync(join(folder, "config.toml"), configOf({ server, source: `${CORE}\ntoken = "\${T}"` }));
    const unopened = await run(["serve"], { cwd: folder, env: { T: secret } });
    expect(unopened.stderr).toBe(
      'error: the source "players" (./core.ts) cannot be opened: core.ts: cannot log in with ****/****\n',
    );
    expect(invalid.stderr + invalid.stdout + unopened.stderr + unopened.stdout).not.toContain("hunter2");
  });

  test("nor does what its plugin throws later, in the log or in /readyz", async () => {
    const folder = mkdtempSync(`${root}/`);
    const token = "hunter2-of-the-core";
    const plugin = `export default { apiVersion: 1, open: ({ token }) => ({
      lookup() { throw new Error("no lookup with " + token); },
      check() { throw new Error("no check with " + token); },
    }) };`;
    writeFileSync(join(folder, "core.ts"), plugin);
    const config = configOf({ source: `${CORE}\ntoken = "\${T}"` });
    const server = await serve(folder, config, { env: { T: token }, options: [] });
    expect((await call(server.port))?.body.toString()).toBe('{"status_code":"ERR_UNKNOWN"}');
    const readyz = await (await fetch(`http://127.0.0.1:${server.adminPort}/readyz`)).text();
    expect(readyz).toContain("core.ts: no check with ****");
    server.signal("SIGTERM");
    expect(await server.exited).toBe(0);
    expect(server.log()).toContain("core.ts: no lookup with ****");
    expect(server.log() + readyz).not.toContain(token);
  });

  test("one plugin that does not come to an end keeps no other problem from being told", async () => {
    const folder = mkdtempSync(`${root}/`);
    writeFileSync(join(folder, "core.ts"), ALLOCATES);
    writeFileSync(join(folder, "config.toml"), BROKEN);
    const { exitCode, stderr } = await run(["serve"], { cwd: folder });
    expect(stderr).toContain("config.toml: server.port: expected an integer");
    expect(stderr).toMatch(
      /config\.toml: sources: the worker died \(it took more than .*\(\.\/core\.ts\)\n$/,
    );
    expect(exitCode).toBe(2);
  });
});

test("a source that nobody uses is checked, and not opened", async () => {
  const OTHER = `import { writeFileSync } from "node:fs";
export default { apiVersion: 1, open() { writeFileSync(import.meta.dir + "/opened", ""); return { lookup: () => null }; } };`;
  await using server = await operate(
    { source: `plugin = "static"\nplayers = { "12001" = "30" }\n[sources.other]\nplugin = "./other.ts"` },
    (folder) => writeFileSync(join(folder, "other.ts"), OTHER),
  );
  expect(await server.balance()).toBe(OK);
  expect(await Bun.file(join(server.folder, "opened")).exists()).toBe(false);
});
