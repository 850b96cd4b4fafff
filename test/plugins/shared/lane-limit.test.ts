import { expect, test } from "bun:test";
import { FIRST, harbour, next, SECOND } from "./harbour.ts";

// The steps between an answer and the next connection are turns of the microtask queue.
test.each([0, 1, 2, 3, 4, 5, 6].flatMap((steps) => [[steps, "before"] as const, [steps, "after"] as const]))(
  "no lane more than the limit is opened if one is free %i steps %s another has been opened",
  async (steps, order) => {
    const { source, lookup, connecting, asked, open } = harbour([FIRST], { connections: 2 });
    const begun = source.begin();
    (await next(connecting)).end();
    await begun;
    const lookups = Array.from({ length: 4 }, () => lookup());
    const second = await next(connecting);
    const answer = await next(asked);
    const [former, latter] = order === "before" ? [answer, second] : [second, answer];
    former.end();
    for (let step = 0; step < steps; step += 1) await Promise.resolve();
    latter.end();
    for (let left = 3; left > 0; left -= 1) (await next(asked)).end();
    await Promise.all(lookups);
    expect(connecting).toEqual([]);
    expect(open).toEqual([FIRST.name, FIRST.name]);
    await source.close();
    expect(open).toEqual([]);
  },
);

test.each([
  ["the return", 0],
  ["a new connection", 1],
])(
  "no lane more than the limit is kept if %s reaches the first host before the other does",
  async (_which, before) => {
    const { source, connecting, breaks, open } = harbour([FIRST, SECOND], {});
    const begun = source.begin();
    const first = await next(connecting);
    const second = await next(connecting);
    expect([first.host, second.host]).toEqual([FIRST, SECOND]);
    second.end();
    await begun;
    const returning = await next(connecting);
    breaks[1]?.();
    const opening = await next(connecting);
    expect([returning.host, opening.host]).toEqual([FIRST, FIRST]);
    const inOrder = before === 0 ? [returning, opening] : [opening, returning];
    for (const each of inOrder) {
      each.end();
      await Bun.sleep(5);
    }
    expect(open).toEqual([FIRST.name]);
    expect(source.state()).toMatchObject({ host: FIRST.name, connections: 1, connections_busy: 0 });
    await source.close();
    expect(open).toEqual([]);
  },
);
