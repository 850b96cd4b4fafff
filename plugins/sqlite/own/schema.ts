import { sql } from "drizzle-orm";
import { customType, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** An SQLite integer with all of its 64 bits: drizzle's own type would pass it through a `number`. */
const int64 = customType<{ data: bigint; driverData: bigint }>({ dataType: () => "integer" });

/**
 * Spec 3.1. `migrations/` makes it STRICT and WITHOUT ROWID, which drizzle cannot say: a player's row then
 * lies in the primary key's own tree, and a lookup walks one tree instead of two.
 */
export const players = sqliteTable("players", {
  playerId: text("player_id").primaryKey().notNull(),
  currency: text("currency").notNull(),
  balanceMinor: int64("balance_minor").notNull(),
  /**
   * Unix time in milliseconds. The default is for other programs that write here, in terms that old versions of
   * SQLite know.
   */
  updatedAt: int64("updated_at")
    .notNull()
    .default(sql`(CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))`),
});
