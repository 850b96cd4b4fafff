import { describe, test } from "bun:test";
import { conformanceCases, type Subject } from "../src/source/conformance.ts";

/** The contract of `src/plugin.ts` as tests. `prepare` is called for each case. */
export function conforms(name: string, prepare: () => Subject | Promise<Subject>): void {
  describe(`${name} conforms`, () => {
    for (const each of conformanceCases) {
      test(`${each.name}: ${each.expects}`, async () => each.run(await prepare()));
    }
  });
}
