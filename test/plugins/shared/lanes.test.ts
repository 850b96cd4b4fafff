import { expect, test } from "bun:test";
import { FIRST, harbour, next } from "./harbour.ts";

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

test("a connection that is silent to a check is given up alone if its host answers others", async () => {
  const { source, lookup, connecting, asked, probed, open } = harbour([FIRST], {
    connections: 2,
    timeoutMs: 4000,
  });
  const begun = source.begin();
  (await next(connecting)).end();
  await begun;
  const both = [lookup(), lookup()];
  (await next(connecting)).end();
  const steps = [await next(asked), await next(asked)];
  for (const each of steps) each.end();
  await Promise.all(both);

  const check = Promise.resolve(source.check(AbortSignal.timeout(10_000))).catch(reasonOf);
  await next(probed);
  const answer = lookup();
  (await next(asked)).end();
  expect(await answer).toBeNull();
  expect(await check).toBe("first:5432 does not answer in time");
  expect(open).toEqual([FIRST.name]);
  expect(connecting).toEqual([]);
  await source.close();
});
