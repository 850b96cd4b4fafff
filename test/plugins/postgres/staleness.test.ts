import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { stalenessMs, tooStale } from "../../../plugins/postgres/staleness.ts";
import type { Source } from "../../../src/plugin.ts";
import { startPostgres } from "../../engines/postgres-server.ts";
import { startSlowLink } from "./slow-link.ts";
import { ask, failure, open, optionsFor } from "./subject.ts";

const DATABASE = "behind";
const MAX_STALENESS_MS = 600;
/** How long a replica that must not answer is asked. */
const WATCHED_MS = 800;
const SLOW_MS = 60_000;
const BALANCE = "SELECT balance FROM wallet WHERE id = :player_id";

describe("the bound on a server's staleness", () => {
  test.each([
    ["a primary", 0, 0],
    ["a replica whose last transaction was committed 250 ms ago", 250.5, 250.5],
    ["one whose clock is behind its primary's", -40, 40],
    ["one that has replayed nothing", null, undefined],
    ["one that says something else", "250", undefined],
    ["one whose clock says nothing", Number.NaN, undefined],
    ["one of the end of time", Infinity, undefined],
    ["none at all", undefined, undefined],
  ])("of %s", (_server, sinceReplayedMs, expected) => {
    expect(stalenessMs(sinceReplayedMs)).toBe(expected);
  });

  test.each([
    [0, undefined],
    [1000, undefined],
    [-1000, undefined],
    [1000.1, "is a replica that may be more than 1000 ms behind its primary: it has replayed no younger"],
    [-1000.1, "is a replica with another time than its primary, so it is not known how far it is behind"],
    [null, "has replayed no transaction since it was started, so it is not known how far it is behind"],
    [undefined, "so it is not known how far it is behind"],
    [true, "so it is not known how far it is behind"],
  ])("of 1000 ms, for %p", (sinceReplayedMs, expected) => {
    const problem = tooStale(sinceReplayedMs, 1000);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(expected);
  });
});

// Here, because a start may take longer than a test.
const primary = await startPostgres({ wal_retrieve_retry_interval: "100ms", autovacuum: "off" });
await primary.database(DATABASE);
await primary.run(
  `CREATE TABLE wallet (id text PRIMARY KEY, balance numeric); INSERT INTO wallet VALUES ('12001', 0);
   CREATE TABLE filler (text text); GRANT SELECT ON wallet TO klas; GRANT pg_monitor TO klas`,
  DATABASE,
);
const link = startSlowLink(primary.port);
const replica = await primary.replica({ port: link.port });
// It hears from the replica that it follows twice a second.
const cascaded = await replica.replica({ settings: { wal_receiver_timeout: "1s" } });
afterAll(() => link[Symbol.dispose]());

const near = { query: BALANCE, role: "any", max_staleness_ms: MAX_STALENESS_MS } as const;
let balance = 0;

/** A new balance is committed on the primary. */
async function bet(): Promise<string> {
  balance += 1;
  await primary.run(`UPDATE wallet SET balance = ${balance}`, DATABASE);
  return String(balance);
}

/** What a test has broken, put right. */
let repair: (() => unknown) | undefined;
afterEach(async () => {
  await repair?.();
  repair = undefined;
});

function everySoOften(act: () => Promise<unknown>): Disposable {
  // One may be under way when the servers are ended.
  const timer = setInterval(() => void act().catch(() => {}), 200);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Something that keeps a replica from what is committed. It is begun, and says how it is ended. */
type Fault = () => Promise<() => unknown>;

const pausedReplay: Fault = async () => {
  await replica.run("SELECT pg_wal_replay_pause()");
  return () => replica.run("SELECT pg_wal_replay_resume()");
};

const lateReplay: Fault = async () => {
  await replica.run("ALTER SYSTEM SET recovery_min_apply_delay = '1h'");
  await replica.run("SELECT pg_reload_conf()");
  return async () => {
    await replica.run("ALTER SYSTEM RESET recovery_min_apply_delay");
    await replica.run("SELECT pg_reload_conf()");
  };
};

const cutLink: Fault = async () => {
  link.cut();
  return () => link.mend();
};

const silentLink: Fault = async () => {
  link.cut();
  await Bun.sleep(200);
  link.hushAfter(500);
  return () => link.mend();
};

/** What comes in is whole transactions, again and again, but of some time ago. */
const slowLink: Fault = async () => {
  link.limit(30_000);
  await primary.run(
    `DO $$ BEGIN FOR i IN 1..200 LOOP INSERT INTO filler VALUES (repeat('x', 500)); COMMIT; END LOOP; END $$`,
    DATABASE,
  );
  return () => link.mend();
};

const stoppedReceiver: Fault = async () => {
  const [found] = await replica.run("SELECT pid FROM pg_stat_wal_receiver");
  const pid = Number(found?.["pid"]);
  process.kill(pid, "SIGSTOP");
  return () => process.kill(pid, "SIGCONT");
};

const endedReceiver: Fault = async () => {
  link.limit(0);
  const ending = everySoOften(() =>
    replica.run("SELECT pg_terminate_backend(pid) FROM pg_stat_wal_receiver"),
  );
  return () => {
    ending[Symbol.dispose]();
    link.mend();
  };
};

test("a replica that has replayed nothing is not asked, because nobody knows how far it is behind", async () => {
  expect(await failure(open({ ...optionsFor(cascaded, DATABASE), ...near }, { isRehearsal: true }))).toBe(
    `127.0.0.1:${cascaded.port} is a replica that has replayed no transaction since it was started, ` +
      "so it is not known how far it is behind",
  );
});

test.each([
  ["a replica, while its replay is paused", replica, pausedReplay],
  ["a replica, while it replays late on purpose", replica, lateReplay],
  ["a replica, while the link to its primary is cut", replica, cutLink],
  ["a replica, while the link is back, but silent", replica, silentLink],
  ["a replica, while a backlog comes in over a slow link", replica, slowLink],
  ["a replica, while the process that receives is stopped", replica, stoppedReceiver],
  ["a replica, while the process that receives is ended again and again", replica, endedReceiver],
  ["a replica of a replica whose link is cut", cascaded, cutLink],
  ["a replica of a replica whose link is slow", cascaded, slowLink],
  ["a replica of a replica whose receiver is stopped", cascaded, stoppedReceiver],
])(
  "nothing that is older than the bound is given by %s",
  async (_name, subject, fault) => {
    const { source } = await open({ ...optionsFor(subject, DATABASE), ...near });
    const withPrimary = await open({ ...optionsFor(subject, DATABASE, primary), ...near });
    await untilItAnswers(source, await bet());
    repair = await fault();
    const now = await bet();
    await Bun.sleep(MAX_STALENESS_MS);
    const overMs = performance.now() + WATCHED_MS;
    while (performance.now() < overMs) {
      const seen = await ask(source, "12001", { withinMs: 100 }).catch(() => "nothing");
      if (seen !== "nothing") expect(seen).toEqual({ balance: now });
    }
    expect(await ask(withPrimary.source, "12001")).toEqual({ balance: now });
    await repair();
    repair = undefined;
    await untilItAnswers(source, await bet());
  },
  SLOW_MS,
);

test(
  "what is replayed while a query runs does not make its older answer a new one",
  async () => {
    const query = "SELECT balance FROM (SELECT pg_sleep(1)) AS slow, wallet WHERE id = :player_id";
    await primary.run("ALTER ROLE klas SET default_transaction_isolation = 'repeatable read'");
    using _ = everySoOften(() => primary.run("SELECT pg_current_xact_id()"));
    for (const pooler of [false, true]) {
      const { source } = await open(
        { ...optionsFor(replica, DATABASE), ...near, query, pooler },
        { timeoutMs: 10_000 },
      );
      await untilItAnswers(source, await bet(), 3000);
      await replica.run("SELECT pg_wal_replay_pause()");
      repair = () => replica.run("SELECT pg_wal_replay_resume()");
      const now = await bet();
      await Bun.sleep(MAX_STALENESS_MS);
      const answer = ask(source, "12001");
      await Bun.sleep(500);
      await repair();
      repair = undefined;
      expect(await answer).toEqual({ balance: now });
    }
  },
  SLOW_MS,
);

test(
  "an idle primary makes a replica look old, which any transaction ends, as one a second would",
  async () => {
    const { source } = await open({ ...optionsFor(replica, DATABASE), ...near });
    const now = await bet();
    await untilItAnswers(source, now);
    await Bun.sleep(MAX_STALENESS_MS);
    expect(await failure(ask(source, "12001", { withinMs: 300 }))).toMatch(/behind its primary|timed out/);
    expect(await failure(Promise.resolve(source.check?.(AbortSignal.timeout(1000))))).toBe(
      `127.0.0.1:${replica.port} is a replica that may be more than ${MAX_STALENESS_MS} ms behind its primary: it has replayed no younger transaction. If the primary is idle, let it commit something every second`,
    );
    await primary.run("SELECT pg_current_xact_id()");
    expect(await ask(source, "12001")).toEqual({ balance: now });
  },
  SLOW_MS,
);

test(
  "the staleness that is told is that of the host in use, not of one that is refused",
  async () => {
    const { source } = await open({ ...optionsFor(replica, DATABASE, primary), ...near });
    await untilItAnswers(source, await bet());
    await replica.run("SELECT pg_wal_replay_pause()");
    repair = () => replica.run("SELECT pg_wal_replay_resume()");
    await Bun.sleep(MAX_STALENESS_MS);
    const now = await bet();
    expect(await ask(source, "12001")).toEqual({ balance: now });
    // The replica is tried again after a second.
    await Bun.sleep(2000);
    expect(await ask(source, "12001")).toEqual({ balance: now });
    expect(source.state?.()).toMatchObject({ host: `127.0.0.1:${primary.port}`, staleness_ms: 0 });
  },
  SLOW_MS,
);

test(
  "a replica that is promoted is behind nobody",
  async () => {
    const { source } = await open({ ...optionsFor(cascaded, DATABASE), ...near });
    await untilItAnswers(source, await bet());
    await cascaded.run("SELECT pg_promote()");
    await Bun.sleep(MAX_STALENESS_MS);
    expect(await ask(source, "12001")).toEqual({ balance: String(balance) });
    expect(source.state?.()).toMatchObject({ staleness_ms: 0 });
  },
  SLOW_MS,
);

/** A fresh replica is asked again as soon as there is a transaction that shows it. */
async function untilItAnswers(source: Source, amount: string, withinMs = 300): Promise<void> {
  const giveUpMs = performance.now() + 20_000;
  for (;;) {
    const seen = await ask(source, "12001", { withinMs }).catch(() => undefined);
    if (seen !== undefined && seen !== null && "balance" in seen && seen.balance === amount) return;
    if (performance.now() > giveUpMs) throw new Error(`it did not answer ${amount} within 20 seconds`);
    await primary.run("SELECT pg_current_xact_id()");
    await Bun.sleep(50);
  }
}
