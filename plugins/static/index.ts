import { setTimeout as sleep } from "node:timers/promises";
import { resolve } from "node:path";
import type { LookupResult, SourcePlugin } from "../../src/plugin.ts";
import { openFixture } from "./fixture.ts";
import { type Options, optionsSchema } from "./options.ts";

/** What `init --source static` begins with. */
export const starter = {
  table: `plugin = "static"            # for rehearsals
players = { "12001" = "30" }`,
  nextSteps: [],
};

/** Balances from the configuration or a JSON file: for rehearsals, with faults on demand. */
export default {
  apiVersion: 1,
  options: optionsSchema,
  async open({ players = new Map(), file, delay_ms, fail_every, hang_every }, { log, directory }) {
    const fixture =
      file === undefined ? { players, close() {} } : await openFixture(resolve(directory, file), log);
    let lookups = 0;

    function find(playerId: string): LookupResult {
      const balance = fixture.players.get(playerId);
      return balance === undefined ? null : { balance };
    }

    return {
      lookup({ playerId }, signal) {
        lookups += 1;
        if (isNth(lookups, hang_every)) return hang(signal);
        if (isNth(lookups, fail_every)) throw new Error(`failed on purpose (fail_every = ${fail_every})`);
        if (delay_ms === 0) return find(playerId);
        return sleep(delay_ms, undefined, { signal }).then(() => find(playerId));
      },
      close: () => fixture.close(),
    };
  },
} satisfies SourcePlugin<Options>;

function isNth(count: number, every: number): boolean {
  return every > 0 && count % every === 0;
}

/** Answers nothing until the deadline. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("hung on purpose")), { once: true });
  });
}
