import { openSource } from "../../plugins/postgres/open-source.ts";
import type { BalanceQuery, LookupResult } from "../../../src/plugin.ts";

/**
 * A process that asks two queries for players in turn, and prints how many answers were wrong: `bun asker.ts PORT
 * LOOKUPS`. In the table `low` a player has as much as their number, in `high` a million more.
 */

const [port, lookups] = Bun.argv.slice(2).map(Number);
const AT_ONCE = 64;
const PLAYERS = 10_000;
const tables = [
  { name: "low", offset: 0 },
  { name: "high", offset: 1_000_000 },
] as const;

const sources = await Promise.all(
  tables.map(async ({ name, offset }) => {
    const { source } = await openSource(
      {
        hosts: [`127.0.0.1:${port}`],
        database: "crowd",
        user: "klas",
        pooler: true,
        query: `SELECT balance FROM ${name} WHERE id = :player_id`,
      },
      { timeoutMs: 20_000 },
    );
    return { source, offset };
  }),
);

let asked = 0;
let wrong = 0;
let failed = 0;

async function askOne(): Promise<void> {
  const number = Math.floor(Math.random() * PLAYERS);
  const chosen = sources[asked % sources.length];
  asked += 1;
  if (chosen === undefined) return;
  const query: BalanceQuery = {
    playerId: String(number),
    sessionId: "s-1",
    requestId: "r-1",
    timestamp: 0,
    traceparent: "",
  };
  try {
    const result: LookupResult = await chosen.source.lookup(query, AbortSignal.timeout(20_000));
    const balance = result !== null && "balance" in result ? result.balance : undefined;
    if (balance !== String(number + chosen.offset)) wrong += 1;
  } catch {
    failed += 1;
  }
}

await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (asked < (lookups ?? 0)) await askOne();
  }),
);
for (const { source } of sources) await source.close?.();
process.stdout.write(JSON.stringify({ asked, wrong, failed }));
