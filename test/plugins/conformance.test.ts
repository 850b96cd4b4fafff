import { expect, test } from "bun:test";
import { conformanceCases, type Subject } from "../../src/source/conformance.ts";
import type { Plugin } from "../../src/source/binding.ts";
import { builtIns } from "../../src/source/built-in.ts";
import { conforms } from "../conformance.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { Subjects } from "./held-to-the-contract.ts";

const directory = temporaryFolder();

/** A built-in that brings no subjects does not come through here: each is held to the contract. */
async function subjectsOf(name: string): Promise<Subjects> {
  const module: { readonly subjects: Subjects } = await import(`./${name}/conformance.ts`);
  return module.subjects;
}

for (const [name, plugin] of builtIns) {
  for (const [what, options] of Object.entries(await subjectsOf(name))) {
    conforms(`${name} ${what}`, async (): Promise<Subject> => ({
      plugin,
      options: await options(directory),
      directory,
      timeoutMs: 2000,
      knownPlayer: "12001",
      balance: "30.00",
    }));
  }
}

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
    bind: async () => ({
      valid: true,
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
