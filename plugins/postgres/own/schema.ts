import { sql } from "drizzle-orm";
import { bigint, pgTable, text } from "drizzle-orm/pg-core";

/**
 * Spec 3.3: the columns of SQLite's `players`. `migrations` gives `player_id` the collation "C", which drizzle
 * cannot say: ids are compared byte for byte, and sorted the same on every machine.
 */
export const players = pgTable("players", {
  playerId: text("player_id").primaryKey().notNull(),
  currency: text("currency").notNull(),
  balanceMinor: bigint("balance_minor", { mode: "bigint" }).notNull(),
  /** Unix time in milliseconds. The default serves other programs that write here. */
  updatedAt: bigint("updated_at", { mode: "bigint" })
    .notNull()
    .default(sql`(extract(epoch from clock_timestamp()) * 1000)`),
});
