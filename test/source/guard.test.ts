import { afterAll, afterEach, describe, expect, test } from "bun:test";
import type { BalanceQuery, Source } from "../../src/plugin.ts";
import { guard } from "../../src/source/guard.ts";

const QUERY: BalanceQuery = {
  playerId: "12001",
  sessionId: "s",
  requestId: "r",
  timestamp: 1_710_000_000,
  traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
};
const LIMITS = { timeoutMs: 40, maxInFlight: 10 };

const unhandled: unknown[] = [];
const remember = (reason: unknown) => void unhandled.push(reason);
process.on("unhandledRejection", remember);
afterAll(() => void process.off("unhandledRejection", remember));
afterEach(async () => {
  await Bun.sleep(1);
  expect(unhandled).toEqual([]);
});

function answering(lookup: (query: BalanceQuery, signal: AbortSignal) => unknown): Source {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a plugin in JavaScript answers what it likes
  return { lookup: (query, signal) => lookup(query, signal) as null };
}

async function outcomeOf(lookup: (query: BalanceQuery, signal: AbortSignal) => unknown) {
  return await guard(answering(lookup), LIMITS).lookup(QUERY);
}

describe("good answers", () => {
  test.each([
    [{ balance: "30.00" }, { reason: "ok", balance: "30" }],
    [{ balance: "-0" }, { reason: "ok", balance: "0" }],
    [{ balance: "+.5e1 " }, { reason: "ok", balance: "5" }],
    [
      { balance: "1", currency: "EUR" },
      { reason: "ok", balance: "1", currency: "EUR" },
    ],
    [
      { balance: "1", currency: "USDT" },
      { reason: "ok", balance: "1", currency: "USDT" },
    ],
    [
      { balance: "1", currency: undefined },
      { reason: "ok", balance: "1" },
    ],
    [
      { balanceMinor: 1n, exponent: 0, currency: "JPY" },
      { reason: "ok", balance: "1", currency: "JPY" },
    ],
    [
      { balanceMinor: 3050n, exponent: 2 },
      { reason: "ok", balance: "30.5" },
    ],
    [
      { balanceMinor: 9_223_372_036_854_775_807n, exponent: 0 },
      { reason: "ok", balance: "9223372036854775807" },
    ],
    [{ refused: "ERR_PLAYER_BLOCKED" }, { reason: "refused", statusCode: "ERR_PLAYER_BLOCKED" }],
    [null, { reason: "player_not_found" }],
  ] as const)("%p, at once or by a promise", async (answer, outcome) => {
    expect(
      guard(
        answering(() => answer),
        LIMITS,
      ).lookup(QUERY),
    ).toEqual(outcome);
    expect(await outcomeOf(async () => answer)).toEqual(outcome);
    expect(await outcomeOf(() => Bun.sleep(2).then(() => answer))).toEqual(outcome);
  });

  test("a synchronous answer costs no promise", () => {
    expect(
      guard(
        answering(() => null),
        LIMITS,
      ).lookup(QUERY),
    ).not.toBeInstanceOf(Promise);
  });

  test("a thenable that is no promise is awaited", async () => {
    const thenable = {
      // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what is tested
      then: (resolve: (value: unknown) => void) => void setTimeout(resolve, 2, { balance: "7" }),
    };
    expect(await outcomeOf(() => thenable)).toEqual({ reason: "ok", balance: "7" });
  });

  test("the query reaches the source as it is", async () => {
    let received: unknown;
    await outcomeOf((query) => {
      received = query;
      return null;
    });
    expect(received).toEqual(QUERY);
  });
});

const leak = "91919191";
const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error("trapped");
    },
    has() {
      throw new Error("trapped");
    },
    getPrototypeOf() {
      throw new Error("trapped");
    },
  },
);

describe("nonsense is source_failed, never a balance, and the value is not shown", () => {
  const nonsense: readonly (readonly [string, () => unknown])[] = [
    ["undefined", () => undefined],
    ["a number", () => Number(leak)],
    ["text", () => leak],
    ["a bigint", () => BigInt(leak)],
    ["true", () => true],
    ["a symbol", () => Symbol(leak)],
    ["a function", () => () => leak],
    ["an empty object", () => ({})],
    ["a list", () => [leak]],
    ["a balance that is a number", () => ({ balance: Number(leak) })],
    ["NaN", () => ({ balance: Number.NaN })],
    ["a balance that is null", () => ({ balance: null })],
    ["a balance that is not a decimal", () => ({ balance: `${leak}x` })],
    ["an empty balance", () => ({ balance: "" })],
    ["a balance with a comma", () => ({ balance: `${leak},5` })],
    ["a balance of 39 digits", () => ({ balance: "1".repeat(39) })],
    ["a String object", () => ({ balance: Object(leak) })],
    ["text that is made on demand", () => ({ balance: { toString: () => leak } })],
    ["minor units as a number", () => ({ balanceMinor: Number(leak), exponent: 2 })],
    ["minor units without an exponent", () => ({ balanceMinor: BigInt(leak) })],
    ["an exponent as text", () => ({ balanceMinor: BigInt(leak), exponent: "2" })],
    ["an exponent as a bigint", () => ({ balanceMinor: BigInt(leak), exponent: 2n })],
    ["a negative exponent", () => ({ balanceMinor: BigInt(leak), exponent: -2 })],
    ["a broken exponent", () => ({ balanceMinor: BigInt(leak), exponent: 0.5 })],
    ["a currency that is null", () => ({ balance: "1", currency: null })],
    ["a currency that is a number", () => ({ balance: "1", currency: 978 })],
    ["a currency in lower case", () => ({ balance: "1", currency: `eur${leak}` })],
    ["a currency with a space", () => ({ balance: "1", currency: "EUR " })],
    ["a currency that would end the text", () => ({ balance: "1", currency: `E","balance":"${leak}` })],
    ["a currency of minor units in lower case", () => ({ balanceMinor: 1n, exponent: 2, currency: "eur" })],
    ["a currency that is too long", () => ({ balance: "1", currency: "E".repeat(13) })],
    ["a refusal in lower case", () => ({ refused: `err_${leak}` })],
    ["a refusal that says OK", () => ({ refused: "OK" })],
    ["a refusal that would end the text", () => ({ refused: `","balance":"${leak}` })],
    ["a refusal that is not text", () => ({ refused: true })],
    ["a refusal and a balance", () => ({ refused: undefined, balance: leak })],
    [
      "a getter that throws",
      () => ({
        get balance() {
          throw new Error("trapped");
        },
      }),
    ],
    ["a proxy that throws", () => throwing],
    ["a promise of a proxy that throws", () => Promise.resolve({ balance: throwing })],
  ];

  test.each(nonsense)("%s", async (_what, make) => {
    for (const outcome of [await outcomeOf(make), await outcomeOf(async () => make())]) {
      expect(outcome.reason).toBe("source_failed");
      expect(JSON.stringify(outcome)).not.toContain(leak);
    }
  });
});

describe("throws and rejections", () => {
  const thrown: readonly (readonly [string, unknown, string])[] = [
    ["an error", new Error("the core is down"), "the core is down"],
    ["text", "the core is down", "the core is down"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["an empty message", new Error(""), "no message"],
    ["a long message", new Error("x".repeat(10_000)), "x".repeat(300)],
    ["a proxy that throws", throwing, "it threw something that cannot be read"],
    ["an object without a prototype", Object.create(null), "it threw something that cannot be read"],
    [
      "an error whose message is not text",
      Object.assign(new Error("x"), { message: 1 }),
      "it threw something that cannot be read",
    ],
  ];

  test.each(thrown)("%s", async (_what, error, detail) => {
    const outcome = { reason: "source_failed", detail } as const;
    expect(
      await outcomeOf(() => {
        throw error;
      }),
    ).toEqual(outcome);
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a plugin may
    expect(await outcomeOf(() => Promise.reject(error))).toEqual(outcome);
  });

  test("a `then` that throws", async () => {
    const thenable = {
      // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what is tested
      get then() {
        throw new Error("trapped");
      },
    };
    expect(await outcomeOf(() => thenable)).toEqual({ reason: "source_failed", detail: "trapped" });
  });

  test("a `then` that is no function makes a plain answer", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what is tested
    expect(await outcomeOf(() => ({ then: 1, balance: "7" }))).toEqual({ reason: "ok", balance: "7" });
  });

  test("a thenable that answers twice, then throws", async () => {
    const thenable = {
      // oxlint-disable-next-line unicorn/no-thenable -- a thenable is what is tested
      then(resolve: (value: unknown) => void) {
        resolve({ balance: "7" });
        resolve({ balance: "8" });
        throw new Error("late");
      },
    };
    expect(await outcomeOf(() => thenable)).toEqual({ reason: "ok", balance: "7" });
  });
});

describe("the deadline", () => {
  test("ends a lookup that hangs, and aborts its signal", async () => {
    let signal: AbortSignal | undefined;
    const outcome = await outcomeOf((_query, given) => {
      signal = given;
      return new Promise(() => {});
    });
    expect(outcome).toEqual({ reason: "source_timeout", detail: "no answer within 40 ms" });
    expect(signal?.aborted).toBe(true);
  });

  test.each<[string, () => unknown, string]>([
    [
      "how far it was",
      () => new Error("still connecting to core"),
      "no answer within 40 ms: still connecting to core",
    ],
    ["nothing of its own", () => new DOMException("aborted", "AbortError"), "no answer within 40 ms"],
    ["what cannot be read", () => throwing, "no answer within 40 ms"],
  ])("is a timeout also if the source throws at its signal, and says %s", async (_what, error, detail) => {
    const outcome = await outcomeOf(
      (_query, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(error()));
        }),
    );
    expect(outcome).toEqual({ reason: "source_timeout", detail });
  });

  test("names the file of an operator's plugin", async () => {
    const source = guard(
      answering(() => new Promise(() => {})),
      { ...LIMITS, file: "plugins/core.ts" },
    );
    expect(await source.lookup(QUERY)).toEqual({
      reason: "source_timeout",
      detail: "plugins/core.ts: no answer within 40 ms",
    });
  });

  test("an answer in time leaves the signal alone", async () => {
    let signal: AbortSignal | undefined;
    await outcomeOf(async (_query, given) => {
      signal = given;
      return null;
    });
    await Bun.sleep(2 * LIMITS.timeoutMs);
    expect(signal?.aborted).toBe(false);
  });

  test.each<[string, (late: PromiseWithResolvers<unknown>) => void]>([
    ["answer", ({ resolve }) => resolve({ balance: "7" })],
    ["rejection", ({ reject }) => reject(new Error("late"))],
    ["nonsense", ({ resolve }) => resolve(throwing)],
  ])("a late %s is dropped without a trace", async (_what, settle) => {
    const late = Promise.withResolvers<unknown>();
    expect(await outcomeOf(() => late.promise)).toEqual({
      reason: "source_timeout",
      detail: "no answer within 40 ms",
    });
    settle(late);
    await Bun.sleep(10);
  });

  test("a source that blocks beyond it has timed out", async () => {
    expect(
      await outcomeOf(() => {
        Bun.sleepSync(60);
        return { balance: "7" };
      }),
    ).toEqual({ reason: "source_timeout", detail: "no answer within 40 ms" });
  });

  test("one lookup's deadline does not abort another's signal", async () => {
    const signals: AbortSignal[] = [];
    const source = guard(
      answering((_query, signal) => {
        signals.push(signal);
        return signals.length === 2 ? null : new Promise(() => {});
      }),
      LIMITS,
    );
    const first = source.lookup(QUERY);
    void source.lookup(QUERY);
    await first;
    expect(signals.map((signal) => signal.aborted)).toEqual([true, false]);
    const third = source.lookup(QUERY);
    expect(signals[2]?.aborted).toBe(false);
    await third;
  });

  // If a signal is lent again, listeners of lookups that answered at once would pile up on it.
  test("a source that listens to its signal and answers at once leaves no listeners behind", () => {
    const signals = new Map<AbortSignal, number>();
    const source = guard(
      answering((_query, signal) => {
        signals.set(signal, (signals.get(signal) ?? 0) + 1);
        return null;
      }),
      LIMITS,
    );
    for (let index = 0; index < 10_000; index += 1) void source.lookup(QUERY);
    expect(Math.max(...signals.values())).toBeLessThanOrEqual(1000);
  });
});

describe("max_in_flight", () => {
  test("turns away what is too much, without asking the source, and recovers", async () => {
    let asked = 0;
    const source = guard(
      answering(() => {
        asked += 1;
        return Bun.sleep(5).then(() => null);
      }),
      { timeoutMs: 1000, maxInFlight: 3 },
    );
    const outcomes = await Promise.all(Array.from({ length: 5 }, async () => source.lookup(QUERY)));
    expect(outcomes.map(({ reason }) => reason).toSorted()).toEqual([
      "overloaded",
      "overloaded",
      "player_not_found",
      "player_not_found",
      "player_not_found",
    ]);
    expect(asked).toBe(3);
    expect(source.inFlight).toBe(0);
    expect(await source.lookup(QUERY)).toEqual({ reason: "player_not_found" });
  });

  test("a lookup counts until it is answered, whatever its end", async () => {
    for (const lookup of [
      () => Promise.reject(new Error("no")),
      () => new Promise(() => {}),
      () => Promise.resolve(undefined),
    ]) {
      const source = guard(answering(lookup), LIMITS);
      const outcome = source.lookup(QUERY);
      expect(source.inFlight).toBe(1);
      await outcome;
      expect(source.inFlight).toBe(0);
    }
  });
});

describe("check", () => {
  const source = answering(() => null);

  test.each([
    ["there is none", source, undefined],
    ["it is well", { ...source, check: async () => {} }, undefined],
    [
      "it throws",
      {
        ...source,
        check: () => {
          throw new Error("no core");
        },
      },
      "no core",
    ],
    ["it rejects", { ...source, check: () => Promise.reject(new Error("no core")) }, "no core"],
    [
      "it ends with its signal",
      {
        ...source,
        check: (signal: AbortSignal) =>
          new Promise<void>((_resolve, reject) => {
            signal.addEventListener("abort", () => reject(new Error("still connecting to core")));
          }),
      },
      "the check did not end within 40 ms: still connecting to core",
    ],
    [
      "it hangs",
      { ...source, check: () => new Promise<void>(() => {}) },
      "the check did not end within 40 ms",
    ],
  ])("%s", async (_what, checked, problem) => {
    expect(await guard(checked, LIMITS).check()).toBe(problem);
  });
});

describe("close", () => {
  test("waits for the last lookup", async () => {
    const events: string[] = [];
    const source = guard(
      {
        lookup: () => Bun.sleep(10).then(() => (events.push("answered"), null)),
        close: () => void events.push("closed"),
      },
      LIMITS,
    );
    void source.lookup(QUERY);
    void source.lookup(QUERY);
    await source.close();
    expect(events).toEqual(["answered", "answered", "closed"]);
  });

  test("waits no longer than the deadline", async () => {
    let isClosed = false;
    const source = guard(
      { lookup: () => new Promise(() => {}), close: () => void (isClosed = true) },
      LIMITS,
    );
    void source.lookup(QUERY);
    await source.close();
    expect(isClosed).toBe(true);
  });

  test("a source that has nothing to close", async () => {
    expect(
      await guard(
        answering(() => null),
        LIMITS,
      ).close(),
    ).toBeUndefined();
  });
});
