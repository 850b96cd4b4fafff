import { describe, expect, setSystemTime, test } from "bun:test";
import { sharing } from "../../../plugins/rest/remember.ts";
import type { BalanceQuery, LookupResult } from "../../../src/plugin.ts";
import { answering, http, startCore, type Behaviour } from "./core.ts";
import { failure, openSource, QUERY, type Input } from "./source.ts";

const GOOD = http(200, '{"balance":30.50}');
const ANSWER = { balance: "30.50" };

function options(url: string, others: Partial<Input> = {}): Input {
  return { url: `${url}/{player_id}`, balance: "/balance", ...others };
}

/** Answers as long as it is told to; what is held back can be answered later. */
function gate(): { behave: Behaviour; open: () => void; held: () => number } {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  return {
    behave(socket) {
      if (isOpen) socket.write(GOOD);
      else waiting.push(() => socket.write(GOOD));
    },
    open() {
      isOpen = true;
      for (const answer of waiting.splice(0)) answer();
    },
    held: () => waiting.length,
  };
}

/** A core whose answers come when they are told to: the nth question is answered by `answers[n]`. */
function held() {
  const answers: ((balance: string) => void)[] = [];
  const ask = () => new Promise<LookupResult>((resolve) => answers.push((balance) => resolve({ balance })));
  return { answers, ask };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await Bun.sleep(2);
}

describe("circuit breaker", () => {
  const settings = { retries: 0, breaker: { failures: 3, open_seconds: 0.3 } };

  test("opens, lets one call through, and closes; each change is logged and counted once", async () => {
    let isUp = false;
    const probe = gate();
    await using core = await startCore((socket, request, nth) => {
      if (isUp) void probe.behave(socket, request, nth);
      else socket.write(http(503));
    });
    const { source, lookup, check, lines, counts } = await openSource(options(core.url, settings));
    const state = () => source.state?.()["circuit_breaker"];
    expect(state()).toBe("closed");
    for (let made = 0; made < 3; made++) expect(await failure(lookup())).toBe("status 503");
    for (let made = 0; made < 5; made++) {
      expect(await failure(lookup())).toBe("circuit breaker open, last failure: status 503");
    }
    expect(await failure(check())).toBe("circuit breaker open, last failure: status 503");
    expect(core.requests).toHaveLength(3);
    expect(state()).toBe("open");

    isUp = true;
    await Bun.sleep(320);
    expect(state()).toBe("probe due");
    const first = lookup();
    await until(() => probe.held() === 1);
    expect(state()).toBe("open");
    expect(await failure(lookup())).toStartWith("circuit breaker open");
    probe.open();
    expect(await first).toEqual(ANSWER);
    expect(state()).toBe("closed");
    expect(await lookup()).toEqual(ANSWER);
    expect(await check()).toBeUndefined();
    expect(lines.filter((line) => !line.startsWith("debug"))).toEqual([
      "warn circuit breaker opened",
      "info circuit breaker closed",
    ]);
    expect(Object.fromEntries(counts)).toEqual({
      breaker_opened: 1,
      breaker_probed: 1,
      breaker_closed: 1,
      breaker_refused: 6,
    });
  });

  test("a failed probe keeps it open for as long again", async () => {
    await using core = await answering(503);
    const { lookup, lines } = await openSource(options(core.url, settings));
    for (let made = 0; made < 3; made++) await failure(lookup());
    await Bun.sleep(320);
    expect(await failure(lookup())).toBe("status 503");
    expect(await failure(lookup())).toStartWith("circuit breaker open");
    expect(core.requests).toHaveLength(4);
    await Bun.sleep(320);
    expect(await failure(lookup())).toBe("status 503");
    expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
  });

  test("a core that hangs opens it", async () => {
    await using core = await startCore(() => {});
    const { lookup } = await openSource(options(core.url, settings), 50);
    for (let made = 0; made < 3; made++) await failure(lookup());
    expect(await failure(lookup())).toBe("circuit breaker open, last failure: no answer in time");
  });

  test.each([404, 423, 500, 401, 302])("answers with status %d do not open it", async (status) => {
    await using core = await answering(status);
    const source = await openSource(
      options(core.url, { ...settings, status_map: { "423": "ERR_PLAYER_BLOCKED" } }),
    );
    for (let made = 0; made < 6; made++) await source.lookup().catch(() => {});
    expect(core.requests).toHaveLength(6);
    expect(source.counts.size).toBe(0);
  });

  test("answers that are not sound HTTP are asked for again, and do not open it", async () => {
    await using core = await startCore((socket, _request, nth) => {
      const isSound = nth % 2 === 0;
      socket.write(isSound ? GOOD : "HTTP/1.1 204 X\r\ncontent-length: 2\r\n\r\n{}");
    });
    const { lookup, counts } = await openSource(
      options(core.url, { retries: 1, breaker: { failures: 1, open_seconds: 5 } }),
    );
    for (let made = 0; made < 6; made++) expect(await lookup()).toEqual(ANSWER);
    expect(Object.fromEntries(counts)).toEqual({ retry: 6 });
  });

  test("kept connections that are closed as they are used do not open it", async () => {
    const fromBefore = new WeakSet<object>();
    await using core = await startCore((socket, _request, nth) => {
      if (fromBefore.has(socket)) socket.resetAndDestroy();
      else socket.write(GOOD);
      if (nth <= 3) fromBefore.add(socket);
    });
    const { lookup, counts } = await openSource(
      options(core.url, { retries: 1, breaker: { failures: 1, open_seconds: 5 } }),
    );
    await Promise.all([lookup(), lookup(), lookup()]);
    expect(await Promise.all([lookup(), lookup(), lookup()])).toEqual([ANSWER, ANSWER, ANSWER]);
    expect(Object.fromEntries(counts)).toEqual({ retry: 3 });
  });

  test.each([500, 501, 505])(
    "answers with status %d among failures do not keep it closed",
    async (status) => {
      await using core = await startCore((socket, _request, nth) => {
        socket.write(http(nth % 2 === 0 ? status : 503));
      });
      const { lookup } = await openSource(options(core.url, settings));
      for (let made = 0; made < 5; made++) await failure(lookup());
      expect(await failure(lookup())).toBe("circuit breaker open, last failure: status 503");
      expect(core.requests).toHaveLength(5);
    },
  );

  test("a probe that is answered 500 neither closes it nor keeps it open: the next call is a probe too", async () => {
    const probe = gate();
    await using core = await startCore((socket, request, nth) => {
      if (nth > 4) void probe.behave(socket, request, nth);
      else socket.write(http(nth === 4 ? 500 : 503));
    });
    const { lookup, counts } = await openSource(options(core.url, settings));
    for (let made = 0; made < 3; made++) await failure(lookup());
    await Bun.sleep(320);
    expect(await failure(lookup())).toBe("status 500");
    const second = lookup();
    await until(() => probe.held() === 1);
    expect(await failure(lookup())).toStartWith("circuit breaker open");
    probe.open();
    expect(await second).toEqual(ANSWER);
    expect(Object.fromEntries(counts)).toEqual({
      breaker_opened: 1,
      breaker_probed: 2,
      breaker_closed: 1,
      breaker_refused: 1,
    });
  });

  test("only failures in a row count", async () => {
    await using core = await startCore((socket, _request, nth) => {
      socket.write(nth % 3 === 0 ? GOOD : http(503));
    });
    const { lookup, counts } = await openSource(options(core.url, settings));
    for (let made = 0; made < 12; made++) await lookup().catch(() => {});
    expect(counts.size).toBe(0);
  });
});

describe("max_concurrency", () => {
  test("bounds the calls; the rest wait for their turn", async () => {
    const core = gate();
    await using server = await startCore(core.behave);
    const { lookup, counts } = await openSource(options(server.url, { max_concurrency: 4 }), 5000);
    const lookups = Array.from({ length: 20 }, () => lookup());
    await until(() => core.held() === 4);
    await Bun.sleep(50);
    expect(core.held()).toBe(4);
    expect(counts.get("queued")).toBe(16);
    core.open();
    expect(await Promise.all(lookups)).toEqual(Array.from({ length: 20 }, () => ANSWER));
  });

  test("who waits leaves at the deadline, and the slots come back", async () => {
    const core = gate();
    await using server = await startCore(core.behave);
    const { source, lookup } = await openSource(options(server.url, { max_concurrency: 2 }));
    const signal = AbortSignal.timeout(200);
    const lookups = await Promise.allSettled(
      Array.from({ length: 10 }, async () => source.lookup(QUERY, signal)),
    );
    const messages = lookups.map((ended) =>
      ended.status === "rejected" ? ended.reason.message : "answered",
    );
    const host = `127.0.0.1:${server.port}`;
    expect(messages).toEqual([
      ...Array.from({ length: 2 }, () => `still waiting for ${host} to begin its answer`),
      ...Array.from({ length: 8 }, () => `still in the queue for ${host} (max_concurrency)`),
    ]);
    expect(server.requests).toHaveLength(2);
    core.open();
    expect(await Promise.all([lookup(), lookup(), lookup()])).toEqual([ANSWER, ANSWER, ANSWER]);
  });

  test("more calls than a sound core can take: as many as it can are answered, and it is not taken for gone", async () => {
    await using server = await startCore(async (socket) => {
      await Bun.sleep(40);
      socket.write(GOOD);
    });
    const { lookup, counts } = await openSource(options(server.url, { max_concurrency: 4 }), 400);
    const startedMs = performance.now();
    const lookups: Promise<boolean>[] = [];
    // Twice as many as it can take.
    while (performance.now() - startedMs < 2500) {
      for (let calls = 0; calls < 4; calls += 1) {
        lookups.push(
          lookup().then(
            () => true,
            () => false,
          ),
        );
      }
      await Bun.sleep(20);
    }
    const answered = (await Promise.all(lookups)).filter(Boolean).length;
    expect(answered).toBeGreaterThan(lookups.length / 4);
    expect(counts.get("breaker_opened")).toBeUndefined();
  });
});

test("an aborted lookup makes no call, and does not count against the core", async () => {
  await using core = await answering(200, '{"balance":30.50}');
  const { source, lookup } = await openSource(options(core.url, { breaker: { failures: 1 } }));
  expect(await failure(Promise.resolve(source.lookup(QUERY, AbortSignal.abort(new Error("stopped")))))).toBe(
    "stopped",
  );
  expect(core.requests).toHaveLength(0);
  expect(await lookup()).toEqual(ANSWER);
});

test("Retry-After is waited for", async () => {
  const times: number[] = [];
  await using core = await startCore((socket, _request, nth) => {
    times.push(performance.now());
    socket.write(nth === 1 ? http(429, "", { "retry-after": 1 }) : GOOD);
  });
  const { lookup } = await openSource(options(core.url), 10_000);
  expect(await lookup()).toEqual(ANSWER);
  const [first = 0, second = 0] = times;
  expect(second - first).toBeGreaterThan(950);
});

test("an abort ends a wait between two tries", async () => {
  await using core = await answering(429, "", { "retry-after": 60 });
  const { source, counts } = await openSource(options(core.url), 120_000);
  const stop = new AbortController();
  const lookup = failure(Promise.resolve(source.lookup(QUERY, stop.signal)));
  await until(() => counts.get("retry") === 1);
  stop.abort();
  expect(await lookup).toContain("aborted");
});

describe("coalesce", () => {
  test("overlapping lookups of the same player and session share one call", async () => {
    const core = gate();
    await using server = await startCore(core.behave);
    const { lookup, counts } = await openSource(options(server.url, { coalesce: true }));
    const lookups = [
      lookup(),
      lookup({ requestId: "other" }),
      lookup({ sessionId: "other" }),
      lookup({ playerId: "other" }),
    ];
    await until(() => core.held() === 3);
    core.open();
    expect(await Promise.all(lookups)).toEqual([ANSWER, ANSWER, ANSWER, ANSWER]);
    expect(counts.get("coalesced")).toBe(1);
    await lookup();
    expect(server.requests).toHaveLength(4);
  });

  test("who joined a call that ran out of time makes one of its own", async () => {
    await using core = await startCore((socket, _request, nth) => {
      if (nth > 1) socket.write(GOOD);
    });
    const { source, lookup } = await openSource(options(core.url, { coalesce: true }));
    const first = failure(Promise.resolve(source.lookup(QUERY, AbortSignal.timeout(100))));
    const second = lookup();
    expect(await first).toBe(`still waiting for 127.0.0.1:${core.port} to begin its answer`);
    expect(await second).toEqual(ANSWER);
  });

  test("off by default", async () => {
    await using core = await answering(200, '{"balance":30.50}');
    const { lookup } = await openSource(options(core.url));
    await Promise.all([lookup(), lookup()]);
    expect(core.requests).toHaveLength(2);
  });
});

describe("cache_ms", () => {
  test("answers are given again for as long, per player and session", async () => {
    await using core = await answering(200, '{"balance":30.50}');
    const { lookup, counts } = await openSource(options(core.url, { cache_ms: 400 }));
    expect([await lookup(), await lookup()]).toEqual([ANSWER, ANSWER]);
    expect(core.requests).toHaveLength(1);
    expect(counts.get("remembered")).toBe(1);
    await lookup({ sessionId: "other" });
    expect(core.requests).toHaveLength(2);
    await Bun.sleep(420);
    await lookup();
    expect(core.requests).toHaveLength(3);
  });

  // The clock that is never set stands still while a machine is suspended, and the other one may be set back.
  test.each([3_600_000, -3_600_000])(
    "an answer is not given again after the clocks went apart by %d ms",
    async (ms) => {
      await using core = await answering(200, '{"balance":30.50}');
      const { lookup } = await openSource(options(core.url, { cache_ms: 60_000 }));
      await lookup();
      setSystemTime(Date.now() + ms);
      await lookup();
      setSystemTime();
      expect(core.requests).toHaveLength(2);
    },
  );

  test("at most 10,000 answers are remembered: the oldest goes first", async () => {
    const asked: string[] = [];
    const ask = async ({ playerId }: BalanceQuery) => {
      asked.push(playerId);
      return ANSWER;
    };
    const lookup = sharing(ask, { coalesce: false, cacheMs: 60_000, count() {} });
    const { signal } = new AbortController();
    for (let id = 0; id <= 10_000; id++) await lookup({ ...QUERY, playerId: `p${id}` }, signal);
    asked.length = 0;
    for (const playerId of ["p10000", "p1", "p0"]) await lookup({ ...QUERY, playerId }, signal);
    expect(asked).toEqual(["p0"]);
  });

  test("an answer that comes later, to a question that was asked earlier, replaces nothing", async () => {
    const { answers, ask } = held();
    const lookup = sharing(ask, { coalesce: false, cacheMs: 60_000, count() {} });
    const { signal } = new AbortController();
    const beforeTheBet = lookup(QUERY, signal);
    await Bun.sleep(2);
    const afterTheBet = lookup(QUERY, signal);
    answers[1]?.("90");
    expect(await afterTheBet).toEqual({ balance: "90" });
    answers[0]?.("100");
    await beforeTheBet;
    expect(await lookup(QUERY, signal)).toEqual({ balance: "90" });
  });

  test("an answer is as old as its question, also if another lookup joined it", async () => {
    const { answers, ask } = held();
    const lookup = sharing(ask, { coalesce: true, cacheMs: 200, count() {} });
    const { signal } = new AbortController();
    const first = lookup(QUERY, signal);
    await Bun.sleep(250);
    const joined = lookup(QUERY, signal);
    answers[0]?.("100");
    expect([await first, await joined]).toEqual([{ balance: "100" }, { balance: "100" }]);
    const next = lookup(QUERY, signal);
    answers[1]?.("90");
    expect(await next).toEqual({ balance: "90" });
  });

  test("failures are not", async () => {
    await using core = await answering(500);
    const { lookup } = await openSource(options(core.url, { cache_ms: 1000 }));
    await failure(lookup());
    await failure(lookup());
    expect(core.requests).toHaveLength(2);
  });
});
