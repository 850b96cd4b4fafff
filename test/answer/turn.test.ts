import { expect, test } from "bun:test";
import { nextTurn } from "../../src/answer/turn.ts";

let port = 0;
const newConnection = { requestIP: () => ({ port: (port += 1) }) };
const sameConnection = { requestIP: () => ({ port: -1 }) };
const request = new Request("http://localhost/");

/** As the runtime does while new connections come: call after call, and the loop does not go on. */
function callsUntilOneWaits(): Promise<void> {
  for (;;) {
    const next = nextTurn(request, newConnection);
    if (next !== undefined) return next;
  }
}

test("a turn that goes on and on makes calls wait for the next one, in which they begin at once", async () => {
  let isTurnOver = false;
  setImmediate(() => (isTurnOver = true));
  const waiting = callsUntilOneWaits();
  expect(nextTurn(request, newConnection)).toBe(waiting);
  expect(isTurnOver).toBe(false);
  await waiting;
  expect(isTurnOver).toBe(true);
  expect(nextTurn(request, newConnection)).toBeUndefined();
  // And so on.
  await callsUntilOneWaits();
  expect(nextTurn(request, newConnection)).toBeUndefined();
});

test("calls that were sent in a row over one connection do not wait, however many", async () => {
  await new Promise<void>((resolve) => setImmediate(resolve));
  for (let calls = 0; calls < 1000; calls += 1) expect(nextTurn(request, sameConnection)).toBeUndefined();
  expect(nextTurn(request, newConnection)).toBeDefined();
});

test("calls of several turns do not add up", async () => {
  for (const calls of [60, 100, 60, 100]) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (let call = 0; call < calls; call += 1) expect(nextTurn(request, newConnection)).toBeUndefined();
  }
});
