import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const root = temporaryFolder();

const CONFIG = `[webhook]
secrets = ["a secret of the tests"]
[sources.players]
plugin = "core"
`;

/** What a package does at its import, and how `check` ends. */
async function check(name: string, polyfill: string) {
  const folder = join(root, name);
  const files = join(folder, "plugins/node_modules/polyfill");
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, "package.json"), '{"name":"polyfill","version":"1.0.0","main":"index.js"}');
  writeFileSync(join(files, "index.js"), `"use strict";\n${polyfill}`);
  writeFileSync(join(folder, "config.toml"), CONFIG);
  writeFileSync(
    join(folder, "plugins/core.ts"),
    'import "polyfill"; export default { apiVersion: 1, open: () => ({ lookup: () => ({ balance: "30" }) }) };',
  );
  return await run(["check", "--player", "12001"], { cwd: folder });
}

test("a package may add functions and replace what no call rests on, as polyfills do", async () => {
  const { stdout, exitCode } = await check(
    "may",
    `for (const owner of [Math, Object, Promise, Reflect, Array, String]) {
       Object.defineProperty(owner, "later", { value: () => {}, configurable: true, writable: true });
     }
     Math.sumPrecise = () => 0;
     for (const name of ["structuredClone", "DOMException"]) {
       Object.defineProperty(globalThis, name, { value: class {}, configurable: true, writable: true });
     }`,
  );
  expect(stdout).toContain('player "12001" gets {"balance":"30","status_code":"OK"}');
  expect(exitCode).toBe(0);
});

test.each(["Promise", "setTimeout", "Date", "JSON"])(
  "it may not put another %s in its place",
  async (name) => {
    const { stdout, exitCode } = await check(name, `globalThis.${name} = class {};`);
    expect(stdout).toMatch(/plugins\/node_modules\/polyfill\/index\.js:2:\d+: .*readonly/);
    expect(exitCode).toBe(2);
  },
);

test.each(["JSON.parse", "Date.now", "Object.entries", "Promise.race"])("nor another %s", async (name) => {
  const { stdout, exitCode } = await check(name, `${name} = () => {};`);
  expect(stdout).toMatch(/readonly/);
  expect(exitCode).toBe(2);
});
