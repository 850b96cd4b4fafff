import { expect, test } from "bun:test";
import { newTrace } from "../../src/answer/trace.ts";

/** The digits of a trace: 32 of its own, 16 of its parent. */
function newDigits(): string {
  const { traceId, traceparent } = newTrace();
  const [, own, parent] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-00$/.exec(traceparent) ?? [];
  expect(own).toBe(traceId);
  return `${own}${parent}`;
}

// The random bytes are fetched for 170 traces at once: the ends of such a pool are where digits could repeat or be missing.
test("no two traces are the same, over many refills of the pool", () => {
  const drawn = Array.from({ length: 170 * 20 + 1 }, newDigits);
  expect(drawn.filter((digits) => !/^[0-9a-f]{48}$/.test(digits))).toEqual([]);
  expect(new Set(drawn).size).toBe(drawn.length);
  // Nor do parts of them, as they would if one began inside another.
  const halves = drawn.flatMap((digits) => [digits.slice(0, 24), digits.slice(24)]);
  expect(new Set(halves).size).toBe(halves.length);
});

test("every digit of a trace is random, in the first and the last of a pool, too", () => {
  const drawn = Array.from({ length: 170 * 200 }, newDigits);
  for (let place = 0; place < 170; place += 1) {
    const ofPlace = drawn.filter((_, index) => index % 170 === place);
    for (let digit = 0; digit < 48; digit += 1) {
      // Of 200 random digits, fewer than 9 different ones come up as good as never.
      const different = new Set(ofPlace.map((digits) => digits[digit])).size;
      if (different < 9)
        throw new Error(`digit ${digit} of place ${place} has ${different} values in 200 draws`);
    }
  }
});
