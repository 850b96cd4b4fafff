import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import * as fc from "fast-check";
import { guard, type GuardedSource } from "../../src/source/guard.ts";
import { builtIns } from "../../src/source/built-in.ts";
import { loadPlugin } from "../../src/source/load-plugin.ts";
import { knownCurrencies } from "../../src/protocol/currency.ts";
import type { Outcome } from "../../src/protocol/status.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** One grammar of amounts: the same text is the same balance, or none, whatever it comes through. */

const folder = temporaryFolder();
const log = { debug() {}, info() {}, warn() {}, error() {} };
const QUERY = { playerId: "12001", sessionId: "s", requestId: "r", timestamp: 0, traceparent: "" };

let current = "";
let core: Bun.Server<undefined>;
let table: Database;
const sources = new Map<string, GuardedSource>();

beforeAll(async () => {
  core = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: {
      "/json": () => Response.json({ balance: current }),
      "/xml": () => new Response(`<r><balance>${current}</balance></r>`),
      "/text": () => new Response(current),
    },
  });
  table = new Database(join(folder, "core.db"));
  table.run("CREATE TABLE wallet (id TEXT, balance TEXT); INSERT INTO wallet VALUES ('12001', '')");
  await Bun.write(
    join(folder, "plugin.ts"),
    'export default { apiVersion: 1, open: () => ({ lookup: () => ({ balance: globalThis["amount"] }) }) };',
  );
  const rest = { retries: 0, breaker: { failures: 1000 } };
  await open("json", "rest", { ...rest, url: `${core.url.href}json`, balance: "/balance" });
  await open("xml", "rest", { ...rest, url: `${core.url.href}xml`, format: "xml", balance: "/r/balance" });
  await open("text", "rest", { ...rest, url: `${core.url.href}text`, format: "text" });
  await open("sqlite", "sqlite", {
    file: "core.db",
    query: "SELECT balance FROM wallet WHERE id = :player_id",
  });
  await open("plugin", join(folder, "plugin.ts"), {});
});

afterAll(async () => {
  for (const source of sources.values()) await source.close();
  table.close();
  await core.stop(true);
});

async function open(name: string, plugin: string, options: Readonly<Record<string, unknown>>): Promise<void> {
  const found = builtIns.get(plugin) ?? (await loaded(plugin));
  const bound = await found.bind(options);
  if (!bound.valid) throw new Error(JSON.stringify(bound.problems));
  const exponentOf = knownCurrencies({});
  const context = { log, count() {}, directory: folder, exponentOf, timeoutMs: 5000, isRehearsal: false };
  sources.set(name, guard(await bound.open(context), { timeoutMs: 5000, maxInFlight: 10 }));
}

async function loaded(file: string) {
  const result = await loadPlugin(file, folder);
  if (!result.valid) throw new Error(result.problem);
  return result.plugin;
}

/** What each source makes of the text: the balance, or the reason why there is none. */
async function answers(text: string): Promise<readonly string[]> {
  current = text;
  Reflect.set(globalThis, "amount", text);
  table.run("UPDATE wallet SET balance = ?", [text]);
  const outcomes = await Promise.all(
    Array.from(sources.values(), async (source) => await source.lookup(QUERY)),
  );
  return outcomes.map((outcome: Outcome) => (outcome.reason === "ok" ? outcome.balance : outcome.reason));
}

function same(answer: string): readonly string[] {
  return Array.from(sources, () => answer);
}

test.each([
  ["30.50", "30.5"],
  ["0E-8", "0"],
  ["1E+3", "1000"],
  ["30.50   ", "30.5"],
  [" 30", "30"],
  [".5", "0.5"],
  ["-.5", "-0.5"],
  ["+30", "30"],
  ["5.", "5"],
  ["007", "7"],
  ["12345678901234567.89", "12345678901234567.89"],
  [`${"0".repeat(60)}1`, "1"],
  ["1".repeat(38), "1".repeat(38)],
])("%j is %s everywhere", async (text, balance) => {
  expect(await answers(text)).toEqual(same(balance));
});

test.each([
  "",
  " ",
  ".",
  "30,50",
  "1,000",
  "1 000",
  "30 EUR",
  "NaN",
  "Infinity",
  "1e999",
  "0x10",
  "1_000",
  "--1",
  "\u0661",
  "\u22121",
  "1".repeat(39),
  `${"0".repeat(101)}1`,
])("%j is not a balance anywhere", async (text) => {
  expect(await answers(text)).toEqual(same("source_failed"));
});

test("any text that looks like a number is the same balance everywhere, or none anywhere", async () => {
  const looksLikeANumber = fc.stringMatching(
    /^[ +-]{0,2}[0-9]{0,3}[.,]?[0-9]{0,3}([eE][+-]?[0-9]{0,2})?[ ]{0,2}$/,
  );
  await fc.assert(
    fc.asyncProperty(looksLikeANumber, async (text) => {
      const [first = "", ...others] = await answers(text);
      expect(others).toEqual(others.map(() => first));
    }),
    { numRuns: 300 },
  );
}, 30_000);
