import { expect, test } from "bun:test";
import { nextTurn } from "../../src/answer/turn.ts";

/** As the runtime does while new connections come: call after call, and the loop does not go on. */
function callsUntilOneWaits(): Promise<void> {
  for (;;) {
    const next = nextTurn();
    if (next !== undefined) return next;
  }
}

test("a turn that goes on and on makes calls wait for the next one, in which they begin at once", async () => {
  let isTurnOver = false;
  setImmediate(() => (isTurnOver = true));
  const waiting = callsUntilOneWaits();
  expect(nextTurn()).toBe(waiting);
  expect(isTurnOver).toBe(false);
  await waiting;
  expect(isTurnOver).toBe(true);
  expect(nextTurn()).toBeUndefined();
  // And so on.
  await callsUntilOneWaits();
  expect(nextTurn()).toBeUndefined();
});
