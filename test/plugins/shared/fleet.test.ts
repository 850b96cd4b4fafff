import { expect, test } from "bun:test";
import type { Host } from "../../../plugins/shared/lanes/host.ts";
import {
  type Connect,
  ForeignAnswer,
  HostProblem,
  type Lane,
  LaneLost,
} from "../../../plugins/shared/lanes/lane.ts";
import { lanes } from "../../../plugins/shared/lanes/lanes.ts";

const FIRST: Host = { name: "first:5432", hostname: "first", port: 5432, socket: undefined };
const SECOND: Host = { ...FIRST, name: "second:5432", hostname: "second" };
const QUERY = { playerId: "12001", sessionId: "s-1", requestId: "r-1", timestamp: 0, traceparent: "" };

test.each([
  ["breaks", new LaneLost("second:5432 closed the connection")],
  ["gives a foreign answer", new ForeignAnswer("an answer was to another question")],
])(
  "a connection that was busy when the first host came back is closed if it %s",
  async (_how, failure) => {
    const asked = Promise.withResolvers<never>();
    const isOpen = new Map<Lane, boolean>();
    let isFirstFit = false;
    const connect: Connect = async (host) => {
      await Promise.resolve();
      if (host === FIRST && !isFirstFit) throw new HostProblem("first:5432 is unfit", { mayPass: true });
      const lane: Lane = {
        host,
        ask: (queries) =>
          host === SECOND ? asked.promise : Promise.resolve(queries.map(() => ({ result: null }))),
        probe: () => Promise.resolve(),
        close: () => void isOpen.set(lane, false),
      };
      isOpen.set(lane, true);
      return lane;
    };
    const source = lanes(
      { hosts: [FIRST, SECOND], connect, connections: 1, maxBatch: 1 },
      { log: { debug() {}, info() {}, warn() {}, error() {} }, count() {}, timeoutMs: 6000 },
    );
    await source.begin();
    const answer = Promise.allSettled([source.lookup(QUERY, AbortSignal.timeout(10_000))]);
    isFirstFit = true;
    while (source.state()["host"] !== FIRST.name) await Bun.sleep(20);
    asked.reject(failure);
    await answer;
    expect(Array.from(isOpen, ([{ host }, is]) => [host.name, is])).toEqual([
      [SECOND.name, false],
      [FIRST.name, true],
    ]);
    await source.close();
  },
  20_000,
);
