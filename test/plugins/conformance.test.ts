import { Database } from "bun:sqlite";
import { beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { conformanceCases, type Subject } from "../../src/source/conformance.ts";
import type { Plugin } from "../../src/source/binding.ts";
import { findPlugin } from "../../src/source/registry.ts";
import { conforms } from "../conformance.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const directory = temporaryFolder();

async function subject(name: string, options: Subject["options"]): Promise<Subject> {
  const found = await findPlugin(name, directory);
  if (!found.valid) throw new Error(found.problem);
  return {
    plugin: found.plugin,
    options,
    directory,
    timeoutMs: 2000,
    knownPlayer: "12001",
    balance: "30.00",
  };
}

beforeAll(async () => {
  const own = await openToWrite(join(directory, "own.db"));
  own.run("INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', 3000)");
  own.close();
  const operators = new Database(join(directory, "operators.db"));
  operators.run("CREATE TABLE accounts (id TEXT PRIMARY KEY, cents INTEGER)");
  operators.run("INSERT INTO accounts VALUES ('12001', 3000)");
  operators.close();
  writeFileSync(join(directory, "fixture.json"), '{"12001":"30"}');
});

conforms("sqlite with its own schema", () => subject("sqlite", { file: "own.db" }));
conforms("sqlite with a query", () =>
  subject("sqlite", {
    file: "operators.db",
    query: "SELECT cents AS balance_minor FROM accounts WHERE id = :player_id",
  }),
);
conforms("static, in the configuration", () => subject("static", { players: { "12001": "30" } }));
conforms("static, from a file", () => subject("static", { file: "fixture.json" }));
conforms("static, with a delay", () => subject("static", { players: { "12001": "30" }, delay_ms: 5 }));

/** The suite itself must fail for who breaks the contract. */
const broken: readonly (readonly [string, string, Plugin])[] = [
  ["answers 0 for nobody", "an unknown player", brokenPlugin(() => ({ balance: "0" }))],
  [
    "answers by a plain object",
    "hostile player ids",
    brokenPlugin((id) => ({ 12001: { balance: "30" } })[id] ?? Reflect.get({}, id) ?? null),
  ],
  ["knows nobody", "a known player", brokenPlugin(() => null)],
  [
    "does not heed the signal",
    "a signal that aborts during the lookup",
    brokenPlugin(() => new Promise(() => {})),
  ],
  ["takes any option", "an unknown option", brokenPlugin(() => null)],
  ["closes once only", "closed twice, and opened again", brokenPlugin(() => ({ balance: "30" }), 1)],
];

/** `lookup` is `unknown`, because what is tested here are answers that the types forbid. */
function brokenPlugin(lookup: (playerId: string) => unknown, closes = 2): Plugin {
  return {
    bind: async (options) => ({
      valid: true,
      options,
      open: async () => {
        let closed = 0;
        return {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a plugin in JavaScript returns what it likes
          lookup: ({ playerId }) => lookup(playerId) as null,
          close() {
            closed += 1;
            if (closed > closes) throw new Error("closed already");
          },
        };
      },
    }),
  };
}

test.each(broken)("a source that %s fails the case of %s", async (_what, name, plugin) => {
  const conformanceCase = conformanceCases.find((each) => each.name === name);
  const options = { players: {} };
  const failing = conformanceCase?.run({
    plugin,
    options,
    directory,
    timeoutMs: 100,
    knownPlayer: "12001",
    balance: "30",
  });
  const failure = await Promise.resolve(failing).then(
    () => "no failure",
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(Error);
});
