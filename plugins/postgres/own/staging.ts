import type { SQL } from "bun";
import type { Player, RepeatedRow, Staging } from "../../shared/players-table.ts";
import { rowsOf } from "../session.ts";
import { fetched } from "./cursor.ts";
import { hasTable } from "./migrate.ts";

/**
 * A temporary table in one transaction, which is the session's own: no lock on `players` is held while the rows are
 * read, however slowly they come, and behind a pooler it stays with the connection.
 */
export async function stagePlayers(session: SQL): Promise<Staging> {
  await session.unsafe("BEGIN");
  await session.unsafe(
    `CREATE TEMPORARY TABLE staged (player_id text COLLATE "C" PRIMARY KEY, currency text NOT NULL,
     balance_minor bigint NOT NULL, line bigint NOT NULL) ON COMMIT DROP`,
  );
  return {
    async add(rows) {
      const taken = await rowsOf(
        session,
        `INSERT INTO staged SELECT * FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[])
         ON CONFLICT DO NOTHING RETURNING line`,
        [
          rows.map(({ player }) => player.playerId),
          rows.map(({ player }) => player.currency),
          rows.map(({ player }) => String(player.balanceMinor)),
          rows.map(({ line }) => String(line)),
        ],
      );
      if (taken.length === rows.length) return [];
      const lines = new Set(taken.map(([line]) => Number(line)));
      return await repeatedOf(
        session,
        rows.filter(({ line }) => !lines.has(line)),
      );
    },
    async *compared() {
      const [columns, from] = (await hasTable(session))
        ? ["players.currency, players.balance_minor::text", "staged LEFT JOIN players USING (player_id)"]
        : ["NULL, NULL", "staged"];
      await session.unsafe(
        `DECLARE compared NO SCROLL CURSOR FOR
         SELECT staged.player_id, staged.currency, staged.balance_minor::text, ${columns} FROM ${from}`,
      );
      for await (const [playerId, currency, balanceMinor, currencyBefore, balanceMinorBefore] of fetched(
        session,
        "compared",
      )) {
        yield {
          before: currencyBefore === null ? undefined : amountOf(currencyBefore, balanceMinorBefore),
          after: { playerId: String(playerId), ...amountOf(currency, balanceMinor) },
        };
      }
    },
    async publish() {
      await session.unsafe(
        `INSERT INTO players (player_id, currency, balance_minor, updated_at)
         SELECT player_id, currency, balance_minor, $1::int8 FROM staged ON CONFLICT (player_id) DO UPDATE
         SET currency = excluded.currency, balance_minor = excluded.balance_minor, updated_at = excluded.updated_at`,
        [String(Date.now())],
      );
      await session.unsafe("COMMIT");
    },
  };
}

function amountOf(currency: unknown, balanceMinor: unknown): Pick<Player, "currency" | "balanceMinor"> {
  return { currency: String(currency), balanceMinor: BigInt(String(balanceMinor)) };
}

async function repeatedOf(
  session: SQL,
  rows: Parameters<Staging["add"]>[0],
): Promise<readonly RepeatedRow[]> {
  const ids = rows.map(({ player }) => player.playerId);
  const found = await rowsOf(
    session,
    "SELECT player_id, line FROM staged WHERE player_id = ANY($1::text[])",
    [ids],
  );
  const earlier = new Map(found.map(([playerId, line]) => [playerId, Number(line)]));
  return rows.map(({ player, line }) => ({ line, earlierLine: earlier.get(player.playerId) ?? 0 }));
}
