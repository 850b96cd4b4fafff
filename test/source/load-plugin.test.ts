import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BalanceQuery, OpenContext, Source } from "../../src/plugin.ts";
import type { Plugin } from "../../src/source/binding.ts";
import type { Subject } from "../../src/source/conformance.ts";
import { guard } from "../../src/source/guard.ts";
import { loadPlugin } from "../../src/source/load-plugin.ts";
import { builtIns } from "../../src/source/built-in.ts";
import { findPlugin } from "../../src/source/find-plugin.ts";
import { conforms } from "../conformance.ts";
import { knownCurrencies } from "../../src/protocol/currency.ts";

const QUERY: BalanceQuery = {
  playerId: "12001",
  sessionId: "s",
  requestId: "r",
  timestamp: 1_710_000_000,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
};

let directory = "";
beforeEach(() => {
  // A blank and what means something in a URL: a path is not one.
  directory = mkdtempSync(join(tmpdir(), "klas balance #%-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}

async function found(name = "core"): Promise<Plugin> {
  const result = await findPlugin(name, directory);
  if (!result.valid) throw new Error(result.problem);
  return result.plugin;
}

async function problem(name = "core"): Promise<string> {
  const result = await findPlugin(name, directory);
  return result.valid ? "no problem" : result.problem;
}

const context = (): OpenContext => ({
  log: { debug() {}, info() {}, warn() {}, error() {} },
  count() {},
  directory,
  exponentOf: knownCurrencies({}),
  timeoutMs: 1000,
  isRehearsal: false,
});

async function opened(options: unknown = {}, name = "core"): Promise<Source> {
  const bound = await (await found(name)).bind(options);
  if (!bound.valid) throw new Error(bound.problems.map(({ message }) => message).join("; "));
  return bound.open(context());
}

async function outcomeOf(lookup: string) {
  write({ "plugins/core.ts": `export default { apiVersion: 1, open: () => ({ lookup: ${lookup} }) };` });
  const { file } = await found();
  return guard(await opened(), { timeoutMs: 50, maxInFlight: 10, file }).lookup(QUERY);
}

const balances = (text: string) =>
  `export default { apiVersion: 1, open: () => ({ lookup: () => ({ balance: ${text} }) }) };`;

async function balanceNow() {
  return guard(await opened(), { timeoutMs: 1000, maxInFlight: 1 }).lookup(QUERY);
}

const importing = (file: string) => `import { amount } from "${file}"; ${balances("amount")}`;

const pluginWith = (options: string) =>
  `import * as v from "valibot"; export default { apiVersion: 1, options: ${options}, open: (options) => ({ lookup: () => ({ balance: options.balance }) }) };`;
const schemaWith = (validate: string) =>
  `{ "~standard": { version: 1, vendor: "own", validate: ${validate} } }`;

const opening = (open: string) => write({ "plugins/core.ts": `export default { apiVersion: 1, ${open} };` });

async function failureOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no failure",
    (error: unknown) => (error instanceof Error ? error.message : "no error"),
  );
}

async function problemsOf(source: string, options: unknown = {}) {
  write({ "plugins/core.ts": pluginWith(source) });
  const bound = await (await found()).bind(options);
  return bound.valid ? [] : bound.problems;
}

const BUILT_IN = [...builtIns.keys()].join(", ");

describe("finding", () => {
  test.each([
    ["plugins/core.ts", "core"],
    ["plugins/core.js", "core"],
    ["elsewhere/core.ts", "./elsewhere/core.ts"],
    ["elsewhere/core.js", "elsewhere/core.js"],
  ])("%s as %s", async (file, name) => {
    write({ [file]: balances('"7"') });
    expect(await (await opened({}, name)).lookup(QUERY, AbortSignal.timeout(100))).toEqual({ balance: "7" });
  });

  test("a path may start anywhere", async () => {
    write({ "elsewhere/core.ts": balances('"7"') });
    expect(await problem(join(directory, "elsewhere/core.ts"))).toBe("no problem");
  });

  test("a link: what it leads to imports from there", async () => {
    write({
      "shared/core.ts": `import { amount } from "./amount.ts"; ${balances("amount")}`,
      "plugins/readme": "",
    });
    symlinkSync("../shared/core.ts", join(directory, "plugins/core.ts"));
    for (const amount of ["1", "2"]) {
      write({ "shared/amount.ts": `export const amount = "${amount}";` });
      expect(await balanceNow()).toEqual({ reason: "ok", balance: amount });
    }
    write({ "shared/amount.ts": "const = 1;" });
    expect(await problem()).toStartWith("shared/amount.ts:1:7: ");
  });

  test("says what there is, and what was probably meant", async () => {
    write({ "plugins/my-core.ts": balances('"7"'), "plugins/klas-balance.d.ts": "" });
    expect(await problem("my-cor")).toBe(
      `there is no plugin "my-cor", did you mean "my-core"? (built in: ${BUILT_IN}; in plugins/: my-core)`,
    );
    expect(await problem("./my-core.ts")).toBe(
      'there is no file "./my-core.ts", seen from the configuration',
    );
    expect(await problem("../")).toBe('there is no file "../", seen from the configuration');
    expect(await problem("constructor")).toStartWith('there is no plugin "constructor"');
  });

  test("without a plugins folder", async () => {
    expect(await problem()).toBe(
      `there is no plugin "core" (built in: ${BUILT_IN}; no file plugins/core.ts or .js)`,
    );
  });
});

describe("what a plugin may import", () => {
  test("valibot and klas-balance with nothing installed, other files, packages beside it", async () => {
    write({
      "plugins/core.ts": `
        import * as v from "valibot";
        import type { SourcePlugin } from "klas-balance";
        import { Source } from "klas-balance";
        import * as contract from "klas-balance";
        import { amount } from "./core/amount";
        import { two } from "two";
        export default {
          apiVersion: 1,
          options: v.strictObject({}),
          open: () => ({ lookup: (): Source => amount(two, contract) }),
        } satisfies SourcePlugin;`,
      "plugins/core/amount.ts": `
        import { three } from "../../shared/three.ts";
        enum Unit { Major = "." }
        export const amount = (two: number, _: object) => ({ balance: \`\${two}\${Unit.Major}\${three}\` });`,
      "shared/three.ts": "export const three: number = 3;",
      "plugins/node_modules/two/package.json": '{"name":"two","version":"1.0.0","main":"lib/two.cjs"}',
      "plugins/node_modules/two/lib/two.cjs": 'exports.two = require("./number.cjs");',
      "plugins/node_modules/two/lib/number.cjs": "module.exports = 2;",
    });
    expect(await (await opened()).lookup(QUERY, AbortSignal.timeout(100))).toEqual({ balance: "2.3" });
  });
});

describe("a reload", () => {
  test("picks up an edit of the plugin and of each file that it imports, and of no other one's", async () => {
    write({
      "plugins/core.ts": importing("./a.ts"),
      "plugins/a.ts": 'export { amount } from "../b.ts";',
      "b.ts": 'export const amount = "1";',
    });
    expect(await balanceNow()).toEqual({ reason: "ok", balance: "1" });
    write({ "b.ts": 'export const amount = "2";' });
    expect(await balanceNow()).toEqual({ reason: "ok", balance: "2" });
    write({ "plugins/a.ts": 'export const amount = "3";' });
    expect(await balanceNow()).toEqual({ reason: "ok", balance: "3" });
    write({ "plugins/core.ts": balances('"4"') });
    expect(await balanceNow()).toEqual({ reason: "ok", balance: "4" });
  });

  test.each([
    ["does not compile", "export const amount = = 1;"],
    ["threw", 'throw new Error("not now");'],
    ["lacked an export", ""],
  ])("mends an imported file that %s", async (_what, broken) => {
    write({ "plugins/core.ts": importing("./a.ts"), "plugins/a.ts": broken });
    expect(await problem()).not.toBe("no problem");
    write({ "plugins/a.ts": 'export const amount = "5";' });
    expect(await balanceNow()).toEqual({ reason: "ok", balance: "5" });
  });

  test("mends an imported file that hung", async () => {
    write({
      "plugins/core.ts": importing("./a.ts"),
      "plugins/a.ts": "export const amount = await new Promise(() => {});",
    });
    expect(await loadPlugin(join(directory, "plugins/core.ts"), directory, 50)).toEqual({
      valid: false,
      problem: "plugins/core.ts: loading did not end within 50 ms",
    });
    write({ "plugins/a.ts": 'export const amount = "6";' });
    expect(await balanceNow()).toEqual({ reason: "ok", balance: "6" });
  });

  test("leaves the source that is in use as it is", async () => {
    write({ "plugins/core.ts": importing("./a.ts"), "plugins/a.ts": 'export const amount = "1";' });
    const before = await opened();
    write({ "plugins/a.ts": 'export const amount = "2";' });
    await opened();
    expect(await before.lookup(QUERY, AbortSignal.timeout(100))).toEqual({ balance: "1" });
  });
});

describe("a file that is no plugin", () => {
  test.each([
    ["export const x = 1;", /^plugins\/core\.ts: there is no default export; expected/],
    ["export default 1;", /^plugins\/core\.ts: the default export is not an object/],
    ["export default null;", /^plugins\/core\.ts: the default export is not an object/],
    ["export default { open() {} };", /^plugins\/core\.ts: apiVersion is missing; expected apiVersion: 1$/],
    [
      "export default { apiVersion: 2, open() {} };",
      /^plugins\/core\.ts: was written for contract version 2; this klas-balance speaks 1$/,
    ],
    ['export default { apiVersion: "1", open() {} };', /contract version "1"; this klas-balance speaks 1$/],
    ["export default { apiVersion: 1 };", /^plugins\/core\.ts: open is not a function/],
    ["export default { apiVersion: 1, open: 1 };", /^plugins\/core\.ts: open is not a function/],
    [
      "export default { apiVersion: 1, open() {}, options: {} };",
      /^plugins\/core\.ts: options is not a Standard/,
    ],
    [
      "export default { apiVersion: 1, open() {}, options: null };",
      /^plugins\/core\.ts: options is not a Stand/,
    ],
    [
      'export default { get apiVersion() { throw new Error("trapped"); } };',
      /^plugins\/core\.ts:1:\d+: trapped$/,
    ],
    ["export default {\n  apiVersion: 1,\n  open: ;\n};", /^plugins\/core\.ts:3:9: Unexpected ;$/],
    ["const a = (;\nexport default {\n  b: ];\n};", /^plugins\/core\.ts:1:12: Unexpected ;/],
    [
      'import "./nothing.ts";',
      /^plugins\/core\.ts: Cannot find module '\.\/nothing\.ts' imported from plugins\/core\.ts$/,
    ],
    [
      'import x from "klas-balance-no-such-package"; export default x;',
      /^plugins\/core\.ts: Cannot find (?:package|module) 'klas-balance-no-such-package'/,
    ],
    [
      'import { nope } from "valibot"; export default nope;',
      /Export named 'nope' not found in module 'valibot'/,
    ],
    ['\nthrow new Error("no core today");', /^plugins\/core\.ts:2:\d+: no core today$/],
    ['throw "text";', /^plugins\/core\.ts: text$/],
    ["throw undefined;", /^plugins\/core\.ts: undefined$/],
    [
      "process.exit(0);",
      /^plugins\/core\.ts:1:\d+: a plugin must not call process\.exit: the process is the server's$/,
    ],
    ["globalThis.JSON = {};", /^plugins\/core\.ts:1:\d+: .*readonly/],
  ])("%s", async (source, expected) => {
    write({ "plugins/core.ts": source });
    expect(await problem()).toMatch(expected);
  });

  test("is told from a file that it imports", async () => {
    write({ "plugins/core.ts": 'import "./b.ts";', "plugins/b.ts": "\n\nconst = 1;" });
    expect(await problem()).toMatch(/^plugins\/b\.ts:3:7: /);
  });
});

describe("options", () => {
  test("of valibot: problems have the same form as the host's own", async () => {
    const source = "v.strictObject({ balance: v.string(), retries: v.optional(v.number(), 2) })";
    expect(await problemsOf(source, { balanc: "7" })).toEqual([
      { path: ["balanc"], message: 'unknown key, did you mean "balance"?' },
      { path: ["balance"], message: "missing; expected string" },
    ]);
  });

  test("of any Standard Schema, at once or by a promise", async () => {
    const issues = '{ issues: [{ message: "expected more", path: ["a", { key: "b" }] }] }';
    const expected = [{ path: ["a", "b"], message: "expected more" }];
    expect(await problemsOf(schemaWith(`() => (${issues})`))).toEqual(expected);
    expect(await problemsOf(schemaWith(`async () => (${issues})`))).toEqual(expected);
    write({ "plugins/core.ts": pluginWith(schemaWith('async () => ({ value: { balance: "8" } })')) });
    expect(await (await opened()).lookup(QUERY, AbortSignal.timeout(100))).toEqual({ balance: "8" });
  });

  test.each([
    ["throws", '() => { throw new Error("broken"); }', "plugins/core.ts: broken"],
    ["answers nothing", "() => undefined", /^plugins\/core\.ts: /],
    ["answers nonsense", "() => ({ issues: 1 })", /^plugins\/core\.ts: /],
  ])("a schema that %s", async (_what, validate, expected) => {
    const [only, ...more] = await problemsOf(schemaWith(validate));
    expect(more).toEqual([]);
    expect(only?.message).toMatch(expected);
  });

  test("are not shown, though a schema quotes them", async () => {
    const options = { token: "hunter2-and-more", nested: { list: ["hunter2"] } };
    for (const quoting of [
      "(given) => ({ issues: [{ message: `not ${given.token}, nor ${given.nested.list}` }] })",
      "(given) => { throw new Error(`not ${given.token}, nor ${given.nested.list}`); }",
    ]) {
      const [only] = await problemsOf(schemaWith(quoting), options);
      expect(only?.message).toEndWith("not ****, nor ****");
    }
  });

  test("a schema that hangs", async () => {
    write({ "plugins/core.ts": pluginWith(schemaWith("() => new Promise(() => {})")) });
    const loaded = await loadPlugin(join(directory, "plugins/core.ts"), directory, 50);
    expect(loaded.valid && (await loaded.plugin.bind({}))).toEqual({
      valid: false,
      problems: [{ path: [], message: "plugins/core.ts: checking the options did not end within 50 ms" }],
    });
  });

  test("that a plugin changes are changed for nobody else", async () => {
    write({
      "plugins/core.ts": `export default { apiVersion: 1, open(options) {
        const seen = options.list.join();
        options.list.push("mine");
        return { lookup: () => { options.list.push("again"); return { refused: "SEEN_" + seen.toUpperCase() }; } };
      } };`,
    });
    const options = { list: ["a"] };
    const bound = await (await found()).bind(options);
    if (!bound.valid) throw new Error("not bound");
    for (const _time of [1, 2]) {
      const source = await bound.open(context());
      expect(await source.lookup(QUERY, AbortSignal.timeout(100))).toEqual({ refused: "SEEN_A" });
    }
    expect(options).toEqual({ list: ["a"] });
  });
});

describe("open", () => {
  test.each([
    ['open() { throw new Error("no core"); }', "plugins/core.ts: no core"],
    ['async open() { throw "no core"; }', "plugins/core.ts: no core"],
    ["open() { process.exit(0); }", /^plugins\/core\.ts: a plugin must not call process\.exit/],
    ["open() {}", /^plugins\/core\.ts: open did not return an object with lookup/],
    ["open: () => 7", /^plugins\/core\.ts: open did not return an object with lookup/],
    ["open: () => ({ lookup: 7 })", /^plugins\/core\.ts: open did not return an object with lookup/],
    [
      "open: () => ({ lookup() {}, close: 7 })",
      /^plugins\/core\.ts: open did not return an object with lookup/,
    ],
  ])("%s", async (open, expected) => {
    opening(open);
    expect(await failureOf(opened())).toMatch(expected);
  });

  test("that hangs is given up, and what it opens in the end is closed", async () => {
    opening(`open: async ({ events }) => {
      await Bun.sleep(100);
      return { lookup() {}, close: () => Bun.write(events, "closed") };
    }`);
    const events = join(directory, "events");
    const loaded = await loadPlugin(join(directory, "plugins/core.ts"), directory, 50);
    if (!loaded.valid) throw new Error(loaded.problem);
    const bound = await loaded.plugin.bind({ events });
    if (!bound.valid) throw new Error("not bound");
    expect(await failureOf(bound.open(context()))).toBe("plugins/core.ts: open did not end within 50 ms");
    while (!(await Bun.file(events).exists())) await Bun.sleep(10);
  });
});

describe("a lookup's failure names the file", () => {
  test.each([
    ['() => { throw new Error("no core"); }', "plugins/core.ts: no core"],
    ['async () => { throw new Error("no core"); }', "plugins/core.ts: no core"],
    ["() => ({ balance: 30 })", "plugins/core.ts: balance is a number, expected a decimal as text"],
    ["async () => 30", "plugins/core.ts: the lookup returned number, expected an object or null"],
    ["() => process.exit(0)", /^plugins\/core\.ts: a plugin must not call process\.exit/],
    ["() => process.abort()", /^plugins\/core\.ts: a plugin must not call process\.abort/],
    ["() => process.kill(process.pid)", /^plugins\/core\.ts: a plugin must not call process\.kill/],
    ['() => process.kill(0, "SIGKILL")', /^plugins\/core\.ts: a plugin must not call process\.kill/],
    ["() => { JSON.stringify = () => '{}'; }", /^plugins\/core\.ts: .*readonly/],
    ["() => { globalThis.console = undefined; }", /^plugins\/core\.ts: .*readonly/],
  ])("%s", async (lookup, detail) => {
    const outcome = await outcomeOf(lookup);
    expect(outcome.reason).toBe("source_failed");
    expect("detail" in outcome && outcome.detail).toMatch(detail);
  });

  test("but a plugin may end the processes that it started", async () => {
    expect(
      await outcomeOf(
        'async () => { const p = Bun.spawn(["sleep", "9"]); process.kill(p.pid); await p.exited; return null; }',
      ),
    ).toEqual({ reason: "player_not_found" });
  });
});

conforms("an operator's plugin", async (): Promise<Subject> => {
  write({
    "plugins/core.ts": `
      import * as v from "valibot";
      import type { SourcePlugin } from "klas-balance";
      export default {
        apiVersion: 1,
        options: v.strictObject({ players: v.record(v.string(), v.string()) }),
        async open({ players }) {
          const balances = new Map(Object.entries(players));
          return {
            async lookup({ playerId }, signal) {
              signal.throwIfAborted();
              const balance = balances.get(playerId);
              return balance === undefined ? null : { balance };
            },
          };
        },
      } satisfies SourcePlugin<{ players: Record<string, string> }>;`,
  });
  return {
    plugin: await found(),
    options: { players: { "12001": "30.00" } },
    directory,
    timeoutMs: 1000,
    knownPlayer: "12001",
    balance: "30",
  };
});
