import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type PostgresServer, startPostgres } from "../../engines/postgres-server.ts";
import { eventually } from "../../operations/operated.ts";
import { clientOf, ownPlayers } from "./own-players.ts";
import { startSlowLink } from "./slow-link.ts";
import { ask, failure, open, optionsFor } from "./subject.ts";

const DATABASE = "casino";
const THIRTY = { balanceMinor: 3000n, exponent: 2, currency: "EUR" };

/** More than a test with a server of its own takes. */
const SLOW_MS = 60_000;

let servers: PostgresServer[] = [];

async function server(): Promise<PostgresServer> {
  const started = await startPostgres();
  servers.push(started);
  await ownPlayers(started, DATABASE, { "12001": 3000n });
  return started;
}

afterEach(async () => {
  for (const each of servers) each.thaw();
  await Promise.all(servers.map((each) => each.end("SIGKILL")));
  servers = [];
});

describe("with one host", () => {
  let primary: PostgresServer;
  beforeEach(async () => {
    primary = await server();
  }, SLOW_MS);

  test.each(["SIGINT", "SIGKILL", "SIGQUIT"] as const)(
    "a server that was ended by %s, and is back, answers again by itself",
    async (signal) => {
      const { source } = await open(optionsFor(primary, DATABASE));
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await primary.end(signal);
      expect(await failure(ask(source, "12001", { withinMs: 300 }))).toContain("no host can be used: ");
      const gone = `127.0.0.1:${primary.port} cannot be reached: nothing listens on port ${primary.port}`;
      // The latest that is known may be what it said while it was shutting down.
      await eventually("the reason", async () => {
        return (await failure(Promise.resolve(source.check?.(AbortSignal.timeout(1000))))).includes(gone);
      });
      await primary.start();
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await source.check?.(AbortSignal.timeout(1000));
    },
    SLOW_MS,
  );

  test(
    "lookups that were waiting while it was restarted are answered",
    async () => {
      const { source } = await open(optionsFor(primary, DATABASE));
      await primary.end();
      const answers = Promise.all(Array.from({ length: 20 }, () => ask(source, "12001")));
      await primary.start();
      expect(await answers).toEqual(Array.from({ length: 20 }, () => THIRTY));
    },
    SLOW_MS,
  );

  test(
    "a server that hangs ends in a timeout, and its connection is given up",
    async () => {
      const { source, counts } = await open(optionsFor(primary, DATABASE), { timeoutMs: 300 });
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await primary.freeze();
      expect(await failure(ask(source, "12001", { withinMs: 300 }))).toContain(
        " did not answer; still waiting for another connection",
      );
      primary.thaw();
      expect(await ask(source, "12001")).toEqual(THIRTY);
      expect(counts).toMatchObject({ silent_connection: 1, connection_discarded: 1, retry: 1 });
    },
    SLOW_MS,
  );

  test(
    "a check of a server that hangs says so, and its connection is no more",
    async () => {
      const { source } = await open({ ...optionsFor(primary, DATABASE), connections: 1 }, { timeoutMs: 300 });
      await primary.freeze();
      expect(await failure(Promise.resolve(source.check?.(AbortSignal.timeout(1000))))).toBe(
        `127.0.0.1:${primary.port} does not answer in time`,
      );
      primary.thaw();
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await source.check?.(AbortSignal.timeout(1000));
    },
    SLOW_MS,
  );

  test(
    "connections that an administrator ends are replaced, and no lookup notices",
    async () => {
      const { source, counts } = await open(optionsFor(primary, DATABASE));
      for (let round = 1; round <= 5; round += 1) {
        expect(await ask(source, "12001")).toEqual(THIRTY);
        await primary.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klas'");
        expect(await ask(source, "12001")).toEqual(THIRTY);
      }
      expect(counts["connection_discarded"]).toBe(5);
    },
    SLOW_MS,
  );

  test(
    "a server that takes no further connections is ready for as long as one is open, and asked for others only if need be",
    async () => {
      const query = `SELECT player_id, balance_minor FROM players
        WHERE player_id = :player_id AND (player_id <> '12002' OR pg_sleep(1)::text = '')`;
      await primary.run("INSERT INTO players VALUES ('12002', 'EUR', 3100)", DATABASE);
      const options = { ...optionsFor(primary, DATABASE), query, batch: false };
      const { source, messages } = await open(options, { timeoutMs: 6000 });
      await primary.run("ALTER ROLE klas CONNECTION LIMIT 1");
      const answers = await Promise.all([ask(source, "12002"), ask(source, "12001"), ask(source, "12001")]);
      const thirty = { balanceMinor: 3000n, exponent: 2 };
      expect(answers).toEqual([{ ...thirty, balanceMinor: 3100n }, thirty, thirty]);
      expect(source.state?.()).toMatchObject({ host: `127.0.0.1:${primary.port}`, connections: 1 });
      await source.check?.(AbortSignal.timeout(1000));
      expect(messages.slice(-1)).toEqual([
        `warn no further connection can be opened: 127.0.0.1:${primary.port} says: too many connections for role "klas"`,
      ]);
      const lines = messages.length;
      await primary.run("ALTER ROLE klas CONNECTION LIMIT -1");
      await Promise.all([ask(source, "12002"), ask(source, "12001")]);
      await Bun.sleep(500);
      expect(source.state?.()).toMatchObject({ connections: 2 });
      expect(messages).toHaveLength(lines);
    },
    SLOW_MS,
  );

  test(
    "a lock that lasts longer than the deadline ends the statement on the server, too",
    async () => {
      const { source } = await open(optionsFor(primary, DATABASE), { timeoutMs: 300 });
      await using locking = clientOf(primary, DATABASE);
      await locking.begin(async (transaction) => {
        await transaction.unsafe("LOCK TABLE players IN ACCESS EXCLUSIVE MODE");
        expect(await failure(ask(source, "12001", { withinMs: 300 }))).toContain(
          " did not answer; still waiting for another connection",
        );
        await Bun.sleep(600);
        const overdue = await primary.run(
          `SELECT FROM pg_stat_activity WHERE usename = 'klas' AND state = 'active'
           AND query LIKE '%klas_balance_asked%' AND query_start < clock_timestamp() - interval '500 ms'`,
        );
        expect(overdue).toHaveLength(0);
      });
      expect(await ask(source, "12001")).toEqual(THIRTY);
    },
    SLOW_MS,
  );
});

describe("with two hosts", () => {
  test.each(["SIGINT", "SIGKILL"] as const)(
    "the second one answers when the first is ended by %s, the lookup that notices too; the first one is returned to",
    async (signal) => {
      const [first, second] = [await server(), await server()];
      await second.run("UPDATE players SET balance_minor = 3100", DATABASE);
      const { source, counts } = await open(optionsFor(first, DATABASE, second));
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await first.end(signal);
      expect(await ask(source, "12001")).toEqual({ ...THIRTY, balanceMinor: 3100n });
      await first.start();
      await untilSo(async () => (await ask(source, "12001")) !== null && counts["host_changed"] === 2);
      expect(await ask(source, "12001")).toEqual(THIRTY);
    },
    SLOW_MS,
  );

  test(
    "no lookup fails while the first is ended in order, one connection after the other",
    async () => {
      const [first, second] = [await server(), await server()];
      const { source } = await open({ ...optionsFor(first, DATABASE, second), batch: false });
      const over = new AbortController();
      const callers = Array.from({ length: 20 }, async () => {
        let answered = 0;
        for (; !over.signal.aborted; answered += 1) expect(await ask(source, "12001")).toEqual(THIRTY);
        return answered;
      });
      await Bun.sleep(200);
      await first.end("SIGINT");
      await Bun.sleep(200);
      over.abort();
      for (const answered of await Promise.all(callers)) expect(answered).toBeGreaterThan(1);
    },
    SLOW_MS,
  );

  test(
    "the second one answers within the deadline of a lookup that the first was silent to",
    async () => {
      const [first, second] = [await server(), await server()];
      const { source } = await open(optionsFor(first, DATABASE, second), { timeoutMs: 1500 });
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await first.freeze();
      const lookups = Array.from({ length: 200 }, () => ask(source, "12001", { withinMs: 1500 }));
      expect(await Promise.all(lookups)).toEqual(Array.from({ length: 200 }, () => THIRTY));
    },
    SLOW_MS,
  );

  test(
    "the first one is kept, with its other connections, if one lookup is slow and it answers others meanwhile",
    async () => {
      const [first, second] = [await server(), await server()];
      const query = `SELECT player_id, balance_minor FROM players
        WHERE player_id = :player_id AND (player_id <> '12002' OR pg_sleep(60)::text = '')`;
      await first.run("INSERT INTO players VALUES ('12002', 'EUR', 0)", DATABASE);
      const options = { ...optionsFor(first, DATABASE, second), query, batch: false };
      const { source, counts } = await open(options, { timeoutMs: 1500 });
      const slow = failure(ask(source, "12002", { withinMs: 1500 }));
      while (counts["silent_connection"] === undefined) {
        expect(await ask(source, "12001")).toEqual({ balanceMinor: 3000n, exponent: 2 });
        await Bun.sleep(20);
      }
      expect(await slow).toContain("still waiting for 127.0.0.1:");
      expect(await ask(source, "12001")).toEqual({ balanceMinor: 3000n, exponent: 2 });
      expect(source.state?.()).toMatchObject({ host: `127.0.0.1:${first.port}`, connections: 1 });
      expect(counts).toMatchObject({ silent_connection: 1, connection_discarded: 1 });
    },
    SLOW_MS,
  );

  test(
    "the second one is found again after its restart while the first one hangs",
    async () => {
      const [first, second] = [await server(), await server()];
      using link = startSlowLink(first.port);
      link.hushAfter(0);
      const hosts = [link, second].map(({ port }) => `127.0.0.1:${port}`);
      const { source } = await open({ ...optionsFor(first, DATABASE), hosts });
      expect(await ask(source, "12001")).toEqual(THIRTY);
      await second.end("SIGKILL");
      await eventually("the loss", async () => source.state?.()["connections"] === 0);
      // The second one refuses, and the first one is waited for.
      await Bun.sleep(800);
      await second.start();
      expect(await ask(source, "12001", { withinMs: 3000 })).toEqual(THIRTY);
    },
    SLOW_MS,
  );

  test(
    "no session is left on the second one if it was silent to a lookup while the first came back",
    async () => {
      const [first, second] = [await server(), await server()];
      using link = startSlowLink(first.port);
      link.cut();
      const hosts = [link, second].map(({ port }) => `127.0.0.1:${port}`);
      const { source } = await open({ ...optionsFor(first, DATABASE), hosts }, { timeoutMs: 6000 });
      {
        await using locking = clientOf(second, DATABASE);
        await locking.begin(async (transaction) => {
          await transaction.unsafe("LOCK TABLE players IN ACCESS EXCLUSIVE MODE");
          const answer = ask(source, "12001");
          link.mend();
          expect(await answer).toEqual(THIRTY);
          expect(source.state?.()).toMatchObject({ host: hosts[0] });
        });
      }
      const sessions = "SELECT pid FROM pg_stat_activity WHERE usename = 'klas'";
      await untilSo(async () => (await second.run(sessions)).length === 0);
    },
    SLOW_MS,
  );

  test(
    "the second one is not asked if it takes other ids for the one that is asked, nor is the first one once it does",
    async () => {
      const [first, second] = [await server(), await server()];
      const wallet = `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        CREATE TABLE wallet (id text, balance numeric); INSERT INTO wallet VALUES ('Abc', 30); GRANT SELECT ON wallet TO klas`;
      await first.run(wallet, DATABASE);
      await second.run(wallet.replace("id text", "id text COLLATE loose"), DATABASE);
      const query = "SELECT balance FROM wallet WHERE id = :player_id";
      const { source } = await open({ ...optionsFor(first, DATABASE, second), query });
      expect(await ask(source, "Abc")).toEqual({ balance: "30" });
      expect(await ask(source, "abc")).toBeNull();
      const problem = "the collation loose of wallet.id takes ids for equal that are not the same";

      await first.end();
      expect(await failure(ask(source, "abc", { withinMs: 500 }))).toContain("no host can be used: ");
      expect(await failure(Promise.resolve(source.check?.(AbortSignal.timeout(1000))))).toContain(
        `127.0.0.1:${second.port} needs the stored id among the columns of \`query\`, as player_id: ${problem}`,
      );
      await first.start();
      expect(await ask(source, "abc")).toBeNull();

      await first.run("ALTER TABLE wallet ALTER id TYPE text COLLATE loose", DATABASE);
      await first.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'klas'");
      expect(await failure(ask(source, "abc", { withinMs: 500 }))).toContain("no host can be used: ");
    },
    SLOW_MS,
  );

  test(
    "a replica is passed over while there is a primary, and used once it is one",
    async () => {
      const primary = await server();
      const replica = await primary.replica();
      servers.push(replica);
      const { source } = await open(optionsFor(replica, DATABASE, primary));
      await primary.run("UPDATE players SET balance_minor = 3200", DATABASE);
      expect(await ask(source, "12001")).toEqual({ ...THIRTY, balanceMinor: 3200n });
      await untilSo(
        async () =>
          (await replica.run("SELECT balance_minor::text AS is FROM players", DATABASE))[0]?.["is"] ===
          "3200",
      );
      await primary.end("SIGKILL");
      expect(await failure(ask(source, "12001", { withinMs: 500 }))).toContain("no host can be used: ");
      expect(await failure(Promise.resolve(source.check?.(AbortSignal.timeout(1000))))).toContain(
        `127.0.0.1:${replica.port} is a replica, which may show a balance from before a bet`,
      );
      await replica.run("SELECT pg_promote()");
      await replica.run("UPDATE players SET balance_minor = 3300", DATABASE);
      expect(await ask(source, "12001")).toEqual({ ...THIRTY, balanceMinor: 3300n });
    },
    SLOW_MS,
  );
});

/** Waits for what comes about by itself. */
async function untilSo(isSo: () => Promise<boolean>): Promise<void> {
  const giveUpMs = performance.now() + 20_000;
  while (!(await isSo())) {
    if (performance.now() > giveUpMs) throw new Error("it did not come about within 20 seconds");
    await Bun.sleep(50);
  }
}
