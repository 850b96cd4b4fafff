import type { Database } from "bun:sqlite";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import type { OpenContext } from "../../../src/plugin.ts";
import { players } from "./schema.ts";
import type { DatabaseReader } from "../file/source.ts";

/**
 * The reader's page cache. 16 MiB hold some 400,000 players whole, and of 10,000,000 every inner page of the tree, so
 * that a lookup reads one page at most. The other pragmas are SQLite's defaults on purpose: pages of 4096 bytes
 * (smaller and larger ones were slower at 10,000,000 players), and no memory map, because a file that somebody
 * truncates while it is mapped ends the process with SIGBUS.
 */
const CACHE_KIB = 16_384;

/** Lookups over a connection to klas-balance's own database. */
export function ownReads(
  database: Database,
  file: string,
  exponentOf: OpenContext["exponentOf"],
): DatabaseReader["read"] {
  database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  const { sql: byPlayerId } = drizzle(database)
    .select({ currency: players.currency, balance_minor: players.balanceMinor })
    .from(players)
    .where(eq(players.playerId, ""))
    .toSQL();
  // The statement itself, without what drizzle does for each row: this is the hot path.
  const statement = database.prepare<PlayerRow, [string]>(byPlayerId);
  // Each read is a transaction of its own, and so sees whatever is committed when it is asked. A shared one would
  // have to end before anybody's next commit, and no turn of the event loop is that short: a turn accepts, reads and
  // answers for as long as new connections come.
  return ({ playerId }) => {
    const player = statement.get(playerId);
    if (player === null) return null;
    const exponent = exponentOf(player.currency);
    if (exponent === undefined) {
      throw new Error(
        `the player's currency is neither in ISO 4217 nor in [currencies]: correct the column currency in ${file}`,
      );
    }
    return { balanceMinor: player.balance_minor, exponent, currency: player.currency };
  };
}

interface PlayerRow {
  readonly currency: string;
  readonly balance_minor: bigint;
}
