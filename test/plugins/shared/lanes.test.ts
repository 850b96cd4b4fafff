import { expect, test } from "bun:test";
import { HostProblem } from "../../../plugins/shared/lanes/lane.ts";
import { lanes } from "../../../plugins/shared/lanes/lanes.ts";
import { pauses } from "../../../plugins/shared/lanes/pauses.ts";
import { FIRST, harbour, next, QUERY, SECOND } from "./harbour.ts";

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

test("a lookup that is under way, or comes, when the source is closed is told so at once", async () => {
  const { source, lookup, connecting, asked, open } = harbour([FIRST], {});
  const begun = source.begin();
  (await next(connecting)).end();
  await begun;
  const reason = () => lookup(new AbortController().signal).catch(reasonOf);
  const [sent, waiting] = [reason(), reason()];
  await next(asked);
  await source.close();
  await source.close();
  expect(await Promise.all([sent, waiting, reason()])).toEqual([
    "the source is closed",
    "the source is closed",
    "the source is closed",
  ]);
  expect(open).toEqual([]);
});

test.each(["before", "after"])(
  "a source that is closed right %s its first connection is open has begun, with a problem, and leaves none",
  async (order) => {
    const { source, connecting, open } = harbour([FIRST], {});
    const begun = source.begin();
    const attempt = await next(connecting);
    if (order === "after") attempt.end();
    await source.close();
    attempt.end();
    expect(await begun).toBeInstanceOf(HostProblem);
    expect(open).toEqual([]);
  },
);

test("a host that connects, and is silent to lookups, is returned to later and later", async () => {
  const { source, lookup, connecting, asked } = harbour([FIRST, SECOND], { timeoutMs: 3000 });
  const begun = source.begin();
  (await next(connecting)).end();
  await begun;
  const pausesMs: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const answer = lookup();
    expect((await next(asked)).host).toBe(FIRST);
    // The first one is in doubt now, so the second one is asked before it.
    const instead = await next(connecting);
    expect(instead.host).toBe(SECOND);
    instead.end();
    const leftMs = performance.now();
    (await next(asked)).end();
    expect(await answer).toBeNull();
    while (source.state()["host"] !== FIRST.name) {
      connecting.shift()?.end();
      await Bun.sleep(5);
    }
    pausesMs.push(performance.now() - leftMs);
  }
  // After 1 s, 2 s and 4 s. A machine that stands still lets them look longer.
  expect(pausesMs[2]).toBeGreaterThan(2500);
  await source.close();
}, 30_000);

test("after its end nothing is tried again", async () => {
  let tries = 0;
  const trying = pauses({ first: 10, max: 10 }, () => (tries += 1));
  trying.wait();
  trying.end();
  trying.wait();
  await Bun.sleep(100);
  expect(tries).toBe(0);
  expect(trying.isWaiting).toBe(false);
});

/** What a lookup is told whose time is up. */
async function whyLate(
  lookup: (signal: AbortSignal) => Promise<unknown>,
  until: () => unknown,
): Promise<string> {
  const deadline = new AbortController();
  const late = lookup(deadline.signal).catch(reasonOf);
  await until();
  deadline.abort(new DOMException("the deadline has passed", "TimeoutError"));
  return String(await late);
}

test("a lookup whose time is up is told what kept it", async () => {
  const { source, lookup, connecting, asked } = harbour([FIRST], {});
  const begun = source.begin();
  const attempt = await next(connecting);
  expect(await whyLate(lookup, () => Bun.sleep(5))).toBe("still connecting to first:5432");
  attempt.end();
  await begun;
  const sent = whyLate(lookup, () => next(asked));
  expect(await sent).toBe("still waiting for first:5432 to answer");
  expect(await whyLate(lookup, () => Bun.sleep(5))).toBe("still in the queue for a connection (connections)");
  await source.close();
});

test("while no host can be used, it is told why none can", async () => {
  const down = new HostProblem("first:5432 is down", { mayPass: true });
  const source = lanes(
    { hosts: [FIRST], connect: () => Promise.reject(down), connections: 1, maxBatch: 1 },
    { log: { debug() {}, info() {}, warn() {}, error() {} }, count() {}, timeoutMs: 1000 },
  );
  await source.begin();
  const lookup = (signal: AbortSignal) => Promise.resolve(source.lookup(QUERY, signal));
  expect(await whyLate(lookup, () => Bun.sleep(5))).toBe("no host can be used: first:5432 is down");
  // One that is not needed any more is told nothing of the kind.
  const gone = new AbortController();
  const given = lookup(gone.signal).catch(reasonOf);
  gone.abort(new Error("gone"));
  expect(await given).toBe("gone");
  await source.close();
});
