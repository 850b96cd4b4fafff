import { eq, sql } from "drizzle-orm";
import { QueryBuilder } from "drizzle-orm/pg-core";
import type { OpenContext } from "../../../src/plugin.ts";
import type { RowReader } from "../../shared/query/row-reader.ts";
import { PLACEHOLDERS } from "../statement.ts";
import { players } from "./schema.ts";

/** A lookup in klas-balance's own table: one read by primary key. */
export const ownSelect = new QueryBuilder()
  .select({ currency: players.currency, balance_minor: players.balanceMinor })
  .from(players)
  .where(eq(players.playerId, sql.raw(PLACEHOLDERS.player_id)))
  .toSQL().sql;

/** What the row of a player says. */
export function ownRow(context: Pick<OpenContext, "exponentOf">): RowReader {
  return ([currencyColumn, amountColumn]) => {
    // Somebody may have changed the table's types.
    if (currencyColumn?.type !== TEXT || amountColumn?.type !== INT8) throw new Error(CHANGED_TYPES);
    return ([currency, balanceMinor]) => {
      const exponent = typeof currency === "string" ? context.exponentOf(currency) : undefined;
      if (typeof currency !== "string" || exponent === undefined) throw new Error(UNKNOWN_CURRENCY);
      // The driver gives an int8 as text, whatever its size.
      return { balanceMinor: BigInt(String(balanceMinor)), exponent, currency };
    };
  };
}

/** OIDs, fixed in PostgreSQL's catalogue. */
const TEXT = 25;
const INT8 = 20;

const CHANGED_TYPES = "the table players no longer has the columns currency text and balance_minor bigint";

const UNKNOWN_CURRENCY =
  "the player's currency is neither in ISO 4217 nor in [currencies]: correct the column currency of players";
