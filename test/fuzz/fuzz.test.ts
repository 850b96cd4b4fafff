import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { serve } from "../server-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { fuzzedProperties } from "./properties.ts";
import { freshSeed } from "./random.ts";
import { FUZZED_CONFIG, fuzzRequests } from "./requests.ts";

const folder = temporaryFolder();

/** The short form of `bun run fuzz`. */
test("thousands of mutated requests are answered as the oracle says, and the seed is shown if not", async () => {
  const server = await serve(folder, FUZZED_CONFIG);
  const counts = await fuzzRequests(server.port, freshSeed(), (requests) => requests >= 5000);
  server.signal("SIGTERM");
  expect(await server.exited).toBe(0);
  expect([...counts.answers.keys()].toSorted()).toEqual([
    "200 ERR_INTEGRITY_CHECK_FAILED",
    "200 ERR_INVALID_BODY",
    "200 ERR_PLAYER_NOT_FOUND",
    "200 OK",
    "413 ERR_INVALID_BODY",
  ]);
  expect(server.log()).not.toContain("a bug");
}, 60_000);

test.each(fuzzedProperties.map((each) => [each.name, each] as const))("%s", async (_name, each) => {
  await fc.assert(each.property(folder), { numRuns: 500 });
});
