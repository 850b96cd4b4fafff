import type { LookupResult } from "../../../src/plugin.ts";
import type { Host } from "../../../plugins/shared/lanes/host.ts";
import { type Connect, type Lane, LaneLost } from "../../../plugins/shared/lanes/lane.ts";
import { lanes } from "../../../plugins/shared/lanes/lanes.ts";

export const FIRST: Host = { name: "first:5432", hostname: "first", port: 5432, socket: undefined };
export const SECOND: Host = { ...FIRST, name: "second:5432", hostname: "second" };
export const QUERY = {
  playerId: "12001",
  sessionId: "s-1",
  requestId: "r-1",
  timestamp: 0,
  traceparent: "",
};

/** What a host has been asked for, and gives when the test says so. */
interface Step {
  readonly host: Host;
  end(): void;
}

/** Lanes that open, answer and break when the test says so. What is closed, or not needed any more, fails. */
export function harbour(hosts: readonly Host[], { connections = 1, timeoutMs = 60_000 }) {
  const connecting: Step[] = [];
  const asked: Step[] = [];
  const probed: Step[] = [];
  /** Of each attempt, what ends its connection. */
  const breaks: (() => void)[] = [];
  const open: string[] = [];

  function laneTo(host: Host): Lane {
    const closed = Promise.withResolvers<never>();
    closed.promise.catch(() => {});
    let isOpen = true;
    async function answered(steps: Step[]): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      steps.push({ host, end: () => resolve(undefined) });
      await Promise.race([promise, closed.promise]);
    }
    open.push(host.name);
    return {
      host,
      async ask(queries) {
        await answered(asked);
        return queries.map(() => ({ result: null }));
      },
      probe: () => answered(probed),
      close() {
        if (isOpen) open.splice(open.indexOf(host.name), 1);
        isOpen = false;
        closed.reject(new LaneLost(`${host.name} closed the connection`));
      },
    };
  }

  const connect: Connect = (host, { signal, onClosed }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Lane>();
    signal.addEventListener("abort", () => reject(signal.reason));
    connecting.push({
      host,
      end() {
        if (!signal.aborted) resolve(laneTo(host));
      },
    });
    breaks.push(onClosed);
    return promise;
  };
  const source = lanes(
    { hosts, connect, connections, maxBatch: 1 },
    { log: { debug() {}, info() {}, warn() {}, error() {} }, count() {}, timeoutMs },
  );
  async function lookup(signal = AbortSignal.timeout(10_000)): Promise<LookupResult> {
    return await source.lookup(QUERY, signal);
  }
  return { source, lookup, connecting, asked, probed, breaks, open };
}

/** Waits for what comes about by itself, and takes it. */
export async function next<Each>(list: Each[]): Promise<Each> {
  for (;;) {
    const each = list.shift();
    if (each !== undefined) return each;
    await Bun.sleep(5);
  }
}
