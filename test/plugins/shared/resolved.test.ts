import { describe, expect, test } from "bun:test";
import type { Host } from "../../../plugins/shared/lanes/host.ts";
import { type Connect, HostProblem, type Lane } from "../../../plugins/shared/lanes/lane.ts";
import { resolved } from "../../../plugins/shared/lanes/resolved.ts";

const NAMED: Host = { name: "db:5432", hostname: "db", port: 5432, socket: undefined };
const FOR_EVER = new Promise<never>(() => {});
const TO_NOTHING = { signal: new AbortController().signal, onClosed() {} };

/** Connects to all addresses but the unfit ones, and notes what becomes of it. */
function recorder({ unfit = [] }: { readonly unfit?: readonly string[] } = {}) {
  const tried: string[] = [];
  const closed: string[] = [];
  const ending = new Map<string, () => void>();
  const connect: Connect = async (host, { onClosed }) => {
    const where = host.address ?? host.hostname;
    tried.push(where);
    await Promise.resolve();
    if (unfit.includes(where)) throw new HostProblem(`${where} is unfit`, { mayPass: true });
    ending.set(where, onClosed);
    const lane: Lane = {
      host,
      ask: () => FOR_EVER,
      probe: () => FOR_EVER,
      close: () => void closed.push(where),
    };
    return lane;
  };
  return { connect, tried, closed, ending };
}

async function problem(attempt: Promise<unknown>): Promise<unknown> {
  return await attempt.then(
    () => "none",
    (error: unknown) => (error instanceof HostProblem ? error.message : error),
  );
}

test("an address or a socket is no question to the DNS", async () => {
  const { connect, tried } = recorder();
  const reach = resolved(connect, () => FOR_EVER);
  for (const host of [
    { ...NAMED, hostname: "192.0.2.1" },
    { ...NAMED, hostname: "::1" },
    { ...NAMED, hostname: "", socket: "/run/db" },
  ]) {
    await reach(host, TO_NOTHING);
  }
  expect(tried).toEqual(["192.0.2.1", "::1", ""]);
});

test("a name is asked for again for each connection, and led on to where it is now", async () => {
  const { connect, tried } = recorder();
  const addresses = ["192.0.2.1", "192.0.2.2"];
  const reach = resolved(connect, async () => addresses.splice(0, 1));
  const lane = await reach(NAMED, TO_NOTHING);
  await reach(NAMED, TO_NOTHING);
  expect(tried).toEqual(["192.0.2.1", "192.0.2.2"]);
  // By this the lane is counted with its host, whatever its address.
  expect(lane.host).toBe(NAMED);
});

test("of several addresses the first that is fit is used, and only its end is the lane's", async () => {
  const { connect, tried, ending } = recorder({ unfit: ["192.0.2.1"] });
  let ends = 0;
  const reach = resolved(connect, async () => ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
  await reach(NAMED, { ...TO_NOTHING, onClosed: () => (ends += 1) });
  expect(tried).toEqual(["192.0.2.1", "192.0.2.2"]);
  ending.get("192.0.2.2")?.();
  expect(ends).toBe(1);
});

test("if no address is fit, each is named", async () => {
  const { connect } = recorder({ unfit: ["192.0.2.1", "192.0.2.2"] });
  const reach = resolved(connect, async () => ["192.0.2.1", "192.0.2.2"]);
  expect(await problem(reach(NAMED, TO_NOTHING))).toBe("192.0.2.1 is unfit; 192.0.2.2 is unfit");
});

test("a name that does not resolve is said to be one, and one that does later is reached", async () => {
  const { connect, tried } = recorder();
  const answers = [
    Promise.reject(new Error("ENOTFOUND")),
    Promise.resolve([]),
    Promise.resolve(["192.0.2.1"]),
  ];
  const reach = resolved(connect, () => answers.shift() ?? FOR_EVER);
  const unresolved = "db:5432 has a name that does not resolve: correct hosts, or the DNS";
  expect(await problem(reach(NAMED, TO_NOTHING))).toBe(unresolved);
  expect(await problem(reach(NAMED, TO_NOTHING))).toBe(unresolved);
  await reach(NAMED, TO_NOTHING);
  expect(tried).toEqual(["192.0.2.1"]);
});

describe("an attempt that is not needed any more ends at once, and opens nothing", () => {
  test("while the DNS is silent", async () => {
    const { connect, tried } = recorder();
    const ending = new AbortController();
    const attempt = problem(
      resolved(connect, () => FOR_EVER)(NAMED, { ...TO_NOTHING, signal: ending.signal }),
    );
    ending.abort();
    expect(await attempt).toBeString();
    expect(tried).toEqual([]);
  });

  test.each(["before the DNS is asked", "with its answer"])("%s", async (when) => {
    const { connect, tried } = recorder();
    const ending = new AbortController();
    if (when === "before the DNS is asked") ending.abort();
    const reach = resolved(connect, async () => {
      ending.abort();
      return ["192.0.2.1"];
    });
    expect(await problem(reach(NAMED, { ...TO_NOTHING, signal: ending.signal }))).toBeString();
    expect(tried).toEqual([]);
  });

  test("with its lane, which is closed", async () => {
    const ending = new AbortController();
    const { connect, closed } = recorder();
    const reach = resolved(
      async (host, connecting) => {
        const lane = await connect(host, connecting);
        ending.abort();
        return lane;
      },
      async () => ["192.0.2.1"],
    );
    expect(await problem(reach(NAMED, { ...TO_NOTHING, signal: ending.signal }))).toBeString();
    expect(closed).toEqual(["192.0.2.1"]);
  });
});
