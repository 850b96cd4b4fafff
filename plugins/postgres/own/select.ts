import { eq, sql } from "drizzle-orm";
import { QueryBuilder } from "drizzle-orm/pg-core";
import type { OpenContext } from "../../../src/plugin.ts";
import { PLAYER_ID, type RowReader } from "../statement.ts";
import { players } from "./schema.ts";

/** A lookup in klas-balance's own table: one read by primary key. */
export const ownSelect = new QueryBuilder()
  .select({ currency: players.currency, balance_minor: players.balanceMinor })
  .from(players)
  .where(eq(players.playerId, sql.raw(PLAYER_ID)))
  .toSQL().sql;

/** What the row of a player says. */
export function ownRow(context: Pick<OpenContext, "exponentOf">): RowReader {
  return {
    read([currency, balanceMinor]) {
      const exponent = typeof currency === "string" ? context.exponentOf(currency) : undefined;
      if (typeof currency !== "string" || exponent === undefined) throw new Error(UNKNOWN_CURRENCY);
      // The driver gives an int8 as text, whatever its size.
      if (typeof balanceMinor !== "string") throw new Error("balance_minor is not a bigint");
      return { result: { balanceMinor: BigInt(balanceMinor), exponent, currency } };
    },
    // Somebody may have changed the table's types.
    assertColumns(columns) {
      const types = columns.map(({ type }) => type);
      if (types[0] === TEXT && types[1] === INT8) return;
      throw new Error(
        "the table players has not the columns currency text and balance_minor bigint any more",
      );
    },
  };
}

/** OIDs, fixed in PostgreSQL's catalogue. */
const TEXT = 25;
const INT8 = 20;

const UNKNOWN_CURRENCY =
  "the player's currency is neither in ISO 4217 nor in [currencies]: correct the column currency of players";
