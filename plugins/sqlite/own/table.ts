import type { Database } from "bun:sqlite";
import { asc, eq, gte } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import type { Player, PlayersTable } from "../../shared/players-table.ts";
import { players } from "./schema.ts";
import { stagePlayers } from "./staging.ts";

const COLUMNS = {
  playerId: players.playerId,
  currency: players.currency,
  balanceMinor: players.balanceMinor,
};

interface PlayerRow {
  readonly player_id: string;
  readonly currency: string;
  readonly balance_minor: bigint;
}

/** The table `players` over a connection, which the caller closes. */
export function playersTable(database: Database): PlayersTable {
  const orm = drizzle(database);

  /** Row by row, which drizzle cannot do. The statement's own transaction lasts until the last row. */
  async function* list(fromId = ""): AsyncGenerator<Player> {
    const { sql } = orm
      .select(COLUMNS)
      .from(players)
      .where(gte(players.playerId, ""))
      .orderBy(asc(players.playerId))
      .toSQL();
    for (const row of database.prepare<PlayerRow, [string]>(sql).iterate(fromId)) {
      yield { playerId: row.player_id, currency: row.currency, balanceMinor: row.balance_minor };
    }
  }

  return {
    get: async (playerId) => orm.select(COLUMNS).from(players).where(eq(players.playerId, playerId)).get(),
    list,
    async longestIdLength() {
      const row = database
        .prepare<{ longest: bigint | null }, []>("SELECT max(length(player_id)) AS longest FROM players")
        .get();
      return Number(row?.longest ?? 0);
    },
    async put({ playerId, currency, balanceMinor }) {
      const row = { currency, balanceMinor, updatedAt: BigInt(Date.now()) };
      orm
        .insert(players)
        .values({ playerId, ...row })
        .onConflictDoUpdate({ target: players.playerId, set: row })
        .run();
    },
    remove: async (playerId) =>
      orm.delete(players).where(eq(players.playerId, playerId)).returning().all().length > 0,
    stage: async () => stagePlayers(database),
  };
}
