import { afterAll, beforeAll, expect, test } from "bun:test";
import { $ } from "bun";
import { createHmac } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { binary } from "../binary.ts";

/** Operators' plugins in the compiled program, in a folder that holds nothing else of ours. */

const root = join(import.meta.dir, "../..");
const SECRET = "a secret for these tests alone";
let folder = "";

async function compile(entry: string, outfile: string): Promise<string> {
  const file = join(folder, outfile);
  await $`bun build --compile --minify --bytecode --format=esm --no-compile-autoload-dotenv --no-compile-autoload-bunfig --no-compile-autoload-tsconfig --compile-autoload-package-json --outfile ${file} ${entry}`
    .cwd(root)
    .quiet();
  return file;
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "klas-balance-compiled-"));
  copyFileSync(binary(), join(folder, "klas-balance"));
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const FILES = {
  "config.toml": `
    [server]
    host = "127.0.0.1"
    port = 0
    [webhook]
    secrets = ["${SECRET}"]
    timeout_ms = 200
    [sources.players]
    plugin = "core"
    currency = "EUR"`,
  "plugins/core.ts": `
    import * as v from "valibot";
    import type { SourcePlugin } from "klas-balance";
    import { exponentOf } from "./core/currency.ts";
    import { faults } from "./core/faults.ts";
    setInterval(() => {}, 60_000);
    process.removeAllListeners("uncaughtException");
    export default {
      apiVersion: 1,
      options: v.strictObject({ currency: v.pipe(v.string(), v.length(3)) }),
      open: ({ currency }) => ({
        lookup({ playerId }) {
          const fault = faults.get(playerId);
          if (fault !== undefined) return fault();
          return playerId === "12001" ? { balanceMinor: 3050n, exponent: exponentOf(currency) } : null;
        },
        close: () => new Promise(() => {}),
      }),
    } satisfies SourcePlugin<{ currency: string }>;`,
  "plugins/core/currency.ts": `
    import exponents from "currency-exponents";
    export const exponentOf = (currency: string): number => exponents[currency];`,
  "plugins/core/faults.ts": `
    const found = { balance: "1" };
    export const faults = new Map<string, () => unknown>(Object.entries({
      throws: () => { throw new Error("no core"); },
      number: () => ({ balance: 30 }),
      hangs: () => new Promise(() => {}),
      exits: () => process.exit(0),
      aborts: () => process.abort(),
      kills: () => process.kill(process.pid, "SIGKILL"),
      "replaces JSON": () => { globalThis.JSON = { stringify: () => "{}", parse: () => ({}) }; },
      "replaces console": () => { globalThis.console = null; },
      "exits later": () => { setTimeout(process.exit, 1); return found; },
      "throws later": () => { setTimeout(() => { throw new Error("from a timer"); }, 1); return found; },
      "rejects": () => { Promise.reject(new Error("not handled")); return found; },
      "rejects text": () => { Promise.reject("no stack at all"); return found; },
      "storms": () => { setInterval(() => { throw new Error("again and again"); }, 1); return found; },
      "rejects at last": () => new Promise((_, reject) => setTimeout(reject, 300, new Error("too late"))),
    }));`,
  "plugins/node_modules/currency-exponents/package.json":
    '{"name":"currency-exponents","version":"1.0.0","exports":"./exponents.js"}',
  "plugins/node_modules/currency-exponents/exponents.js": "module.exports = { EUR: 2 };",
};

async function start(arguments_: readonly string[] = ["serve"]) {
  const child = Bun.spawn([join(folder, "klas-balance"), ...arguments_], {
    cwd: folder,
    env: {},
    stdout: "pipe",
    stderr: "pipe",
  });
  let output = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) output += decoder.decode(chunk, { stream: true });
  })();
  const errors = child.stderr.text();
  while (!output.includes("\n") && child.exitCode === null) await Bun.sleep(5);
  return {
    child,
    records: (): Record<string, unknown>[] =>
      output
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line)),
    async end() {
      child.kill("SIGTERM");
      const [status] = await Promise.all([child.exited, reading]);
      return { status, errors: await errors };
    },
    errors,
  };
}

async function ask(url: unknown, playerId: string): Promise<unknown> {
  const body = JSON.stringify({ request_id: "r", session_id: "s", timestamp: 1, player_id: playerId });
  const signature = createHmac("sha256", SECRET).update(body).digest("hex");
  const response = await fetch(String(url), { method: "POST", body, headers: { "X-Signature": signature } });
  const text = await response.text();
  expect(response.headers.get("X-Signature")).toBe(createHmac("sha256", SECRET).update(text).digest("hex"));
  return JSON.parse(text);
}

const currency = (exponent: string) => ({
  "plugins/core/currency.ts": `export const exponentOf = () => ${exponent};`,
});
const amount = (text: string) => ({ balance: text, status_code: "OK" });
const failed = { status_code: "ERR_UNKNOWN" };
const timedOut = { status_code: "ERR_TIMEOUT" };
const one = { balance: "1", status_code: "OK" };

test("a plugin in TypeScript is served, and whatever it does ends nothing", async () => {
  write(FILES);
  const server = await start();
  const url = server.records()[0]?.["url"];
  const faults: readonly (readonly [string, unknown])[] = [
    ["throws", failed],
    ["number", failed],
    ["hangs", timedOut],
    ["exits", failed],
    ["aborts", failed],
    ["kills", failed],
    ["replaces JSON", failed],
    ["replaces console", failed],
    ["exits later", one],
    ["throws later", one],
    ["rejects", one],
    ["rejects text", one],
    ["rejects at last", timedOut],
    ["storms", one],
  ];
  for (const [playerId, answer] of faults) {
    expect([playerId, await ask(url, playerId)]).toEqual([playerId, answer]);
    expect(await ask(url, "12001")).toEqual({ balance: "30.5", status_code: "OK" });
  }
  expect(await ask(url, "nobody")).toEqual({ status_code: "ERR_PLAYER_NOT_FOUND" });
  const stray = () => server.records().filter(({ msg }) => String(msg).startsWith("an error was thrown"));
  while (stray().length < 20) await Bun.sleep(10);
  await Bun.sleep(200);

  const { status, errors } = await server.end();
  expect([status, errors]).toEqual([0, ""]);
  const details = server
    .records()
    .flatMap(({ reason, detail }) => (reason === "source_failed" ? [detail] : []));
  expect(details).toHaveLength(7);
  for (const detail of details) expect(detail).toStartWith("plugins/core.ts: ");
  // A storm is cut off after twenty lines a minute.
  expect(stray()).toHaveLength(20);
  expect(stray()[19]).toMatchObject({ problem: "again and again", more: "not shown for 60 s" });
  // Each comes from a call of its own, and a timer of a millisecond may fire after the next call: in any order.
  for (const problem of [
    "a plugin must not call process.exit: the process is the server's",
    "from a timer",
    "not handled",
    "no stack at all",
  ]) {
    expect(stray().filter((line) => line["problem"] === problem)).toEqual([
      expect.objectContaining({ level: "error", plugin: "plugins/core.ts" }),
    ]);
  }
  const timer = stray().find(({ problem }) => problem === "from a timer");
  expect(timer).toMatchObject({ at: expect.stringMatching(/^plugins\/core\/faults\.ts:\d+:\d+$/) });
}, 30_000);

test.each([1, 2])(
  "SIGHUP picks up an edit of an imported file, and a broken one changes nothing, with %d workers",
  async (workers) => {
    write({
      ...FILES,
      "plugins/core.ts": FILES["plugins/core.ts"].replace("close: () => new Promise(() => {}),", ""),
      "config.toml": FILES["config.toml"].replace("port = 0", `port = 0\nworkers = ${workers}`),
    });
    const server = await start();
    const url = server.records()[0]?.["url"];
    const messages = (message: string) => server.records().filter(({ msg }) => msg === message);
    async function reload(files: Readonly<Record<string, string>>, message: string): Promise<void> {
      const before = messages(message).length;
      write(files);
      server.child.kill("SIGHUP");
      while (messages(message).length === before) await Bun.sleep(5);
    }

    expect(await ask(url, "12001")).toEqual(amount("30.5"));
    await reload(currency("3"), "reloaded");
    expect(await ask(url, "12001")).toEqual(amount("3.05"));
    await reload(currency("= 4"), "the reload failed; the configuration before it stays in use");
    expect(messages("the reload failed; the configuration before it stays in use")[0]?.["problem"]).toContain(
      "plugins/core/currency.ts:1:",
    );
    expect(await ask(url, "12001")).toEqual(amount("3.05"));
    await reload(currency("1"), "reloaded");
    expect(await ask(url, "12001")).toEqual(amount("305"));
    expect(await ask(url, "throws later")).toEqual(one);
    const thrown = "an error was thrown that nothing was waiting for, by a plugin";
    while (messages(thrown).length === 0) await Bun.sleep(5);
    expect(await server.end()).toEqual({ status: 0, errors: "" });
  },
  30_000,
);

test("a plugin that does not load is a problem of the configuration, in one line", async () => {
  write({ ...FILES, "plugins/core.ts": "export default {\n  apiVersion: 1,\n  open: ;\n};" });
  const { child, errors } = await start();
  expect([await child.exited, await errors]).toEqual([
    2,
    "error: config.toml: sources.players.plugin: plugins/core.ts:3:9: Unexpected ;\n",
  ]);
}, 30_000);

async function plugins(...arguments_: readonly string[]) {
  const { child, errors } = await start(["plugins", ...arguments_]);
  return [await child.exited, await errors];
}

test("plugins new, test and list work from the binary alone", async () => {
  rmSync(join(folder, "config.toml"), { force: true });
  expect(await plugins("new", "mine")).toEqual([0, ""]);
  expect(await plugins("test", "mine", "--player", "12001", "--balance", "30")).toEqual([0, ""]);
  expect(await plugins("list", "--json")).toEqual([0, ""]);
}, 30_000);

test("200 reloads read every edit and do not grow", async () => {
  write({
    "reload/main.ts": `
      import { writeFileSync } from "node:fs";
      import { findPlugin } from ${JSON.stringify(join(root, "src/source/find-plugin.ts"))};
      import { endProcess } from ${JSON.stringify(join(root, "src/host-process.ts"))};
      const folder = process.argv[2];
      const samples = [];
      for (let index = 0; index < 250; index += 1) {
        writeFileSync(folder + "/plugins/amount.ts", "export const ballast = new Uint8Array(500_000).fill(1); export const amount: string = '" + index + "';");
        const found = await findPlugin("amounts", folder);
        if (!found.valid) throw new Error(found.problem);
        const bound = await found.plugin.bind({});
        const source = await bound.open({});
        const answer = await source.lookup({}, AbortSignal.timeout(1000));
        if (answer.balance !== String(index)) throw new Error("reload " + index + " gave " + answer.balance);
        await source.close();
        if (index === 49 || index === 249) { Bun.gc(true); samples.push(process.memoryUsage.rss() / 1e6); }
      }
      console.log(JSON.stringify(samples));
      endProcess(0);`,
    "plugins/amounts.ts": `
      import * as v from "valibot";
      import { amount, ballast } from "./amount.ts";
      export default { apiVersion: 1, options: v.strictObject({}), open: () => ({ lookup: () => (ballast, { balance: amount }) }) };`,
  });
  const program = await compile(join(folder, "reload/main.ts"), "reload/main");
  const child = Bun.spawn([program, folder], { env: {}, stdout: "pipe", stderr: "pipe" });
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(errors).toBe("");
  const [before = 0, after = Infinity]: number[] = JSON.parse(output);
  // 200 editions that were kept would be 100 MB.
  expect(after - before).toBeLessThan(40);
  if (process.env["SHOW"] !== undefined) process.stderr.write(output);
}, 60_000);
