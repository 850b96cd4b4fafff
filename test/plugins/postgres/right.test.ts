import { expect, test } from "bun:test";
import type { Source } from "../../../src/plugin.ts";
import { sharedPostgres } from "../../engines/postgres-server.ts";
import { clientOf, ownPlayers } from "./own-players.ts";
import { startStaleProxy } from "./stale-proxy.ts";
import { ask, failure, open, optionsFor } from "./subject.ts";

// Here, because a start may take longer than a test.
const server = await sharedPostgres();

const SLOW_MS = 60_000;
const COMMITS = 1000;
const READERS = 32;

async function minorUnits(source: Source, playerId: string): Promise<bigint> {
  const result = await ask(source, playerId);
  if (result === null || !("balanceMinor" in result)) throw new Error("expected a balance");
  return result.balanceMinor;
}

test.each([true, false])(
  "after a commit has returned, no lookup that begins later sees the old balance, of two instances (batch = %s)",
  async (batch) => {
    await ownPlayers(server, "fresh", { "12001": 0n });
    const options = { ...optionsFor(server, "fresh"), batch };
    const [one, another] = await Promise.all([open(options), open(options)]);
    await using writer = clientOf(server, "fresh");
    let committed = 0n;
    const over = new AbortController();
    let lookups = 0;
    const readers = Array.from({ length: READERS }, async (_, index) => {
      while (!over.signal.aborted) {
        const atLeast = committed;
        const seen = await minorUnits((index % 2 === 0 ? one : another).source, "12001");
        if (seen < atLeast) throw new Error(`saw ${seen} after ${atLeast} was committed`);
        lookups += 1;
      }
    });
    const writing = (async () => {
      for (let amount = 1n; amount <= COMMITS; amount += 1n) {
        await writer.unsafe("UPDATE players SET balance_minor = $1", [amount]);
        committed = amount;
      }
    })();
    await Promise.race([writing, Promise.all(readers)]);
    over.abort();
    await Promise.all(readers);
    expect(lookups).toBeGreaterThan(READERS);
    await writer.unsafe("UPDATE players SET balance_minor = 0");
  },
  SLOW_MS,
);

test("every one of thousands at once gets its own balance", async () => {
  await ownPlayers(server, "crowd", {});
  await server.run(
    "INSERT INTO players SELECT i::text, 'EUR', i FROM generate_series(1, 5000) i ON CONFLICT DO NOTHING",
    "crowd",
  );
  const { source, counts } = await open(optionsFor(server, "crowd"), { timeoutMs: 10_000 });
  const ids = Array.from({ length: 5000 }, (_, index) => index + 1);
  const seen = await Promise.all(ids.map((id) => minorUnits(source, String(id))));
  expect(seen).toEqual(ids.map(BigInt));
  expect(counts["batch"]).toBeGreaterThan(50);
});

test("answers that are one behind are nobody's balance, and their connection is given up", async () => {
  await ownPlayers(server, "one_behind", { rich: 1_000_000n, poor: 1n });
  using proxy = startStaleProxy(server.port);
  const options = { ...optionsFor(server, "one_behind"), hosts: [`127.0.0.1:${proxy.port}`], connections: 1 };
  const { source, counts, messages } = await open(options);
  expect(await minorUnits(source, "rich")).toBe(1_000_000n);
  proxy.beginToLag();
  expect(await failure(ask(source, "poor"))).toBe("an answer was to another question");
  // The next connection is a sound one.
  expect(await minorUnits(source, "poor")).toBe(1n);
  expect(counts).toMatchObject({ foreign_answer: 1, connection_discarded: 1 });
  expect(messages).toContain(
    `error 127.0.0.1:${proxy.port}: an answer was to another question: the connection is given up`,
  );
});
