import type { SQL } from "bun";
import type { Player, RepeatedRow, Staging } from "../../shared/players-table.ts";
import { isLost } from "../server-error.ts";
import { rowsOf } from "../session.ts";
import { fetched } from "./cursor.ts";
import { COMMAND_LOCK_MS, ENDED_IF_STALLED, waitingAtMost } from "./limited.ts";
import { hasTable } from "./migrate.ts";

/**
 * A temporary table in one transaction, which is the session's own: no lock on `players` is held while the rows are
 * read, however slowly they come, and behind a pooler it stays with the connection.
 */
export async function stagePlayers(session: SQL): Promise<Staging> {
  await session.unsafe(`BEGIN ISOLATION LEVEL READ COMMITTED; ${waitingAtMost(COMMAND_LOCK_MS)}`).simple();
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
      await session.unsafe(ENDED_IF_STALLED);
      // In one order for all, so that of two imports at once none holds a row that the other waits for.
      await session.unsafe(
        `INSERT INTO players (player_id, currency, balance_minor, updated_at)
         SELECT player_id, currency, balance_minor, $1::int8 FROM staged ORDER BY player_id
         ON CONFLICT (player_id) DO UPDATE
         SET currency = excluded.currency, balance_minor = excluded.balance_minor, updated_at = excluded.updated_at`,
        [String(Date.now())],
      );
      await commit(session);
    },
  };
}

/** If the connection breaks before the answer, the import may be there. */
async function commit(session: SQL): Promise<void> {
  try {
    await session.unsafe("COMMIT");
  } catch (error) {
    throw isLost(error) ? new Error(UNDECIDED, { cause: error }) : error;
  }
}

const UNDECIDED =
  "the connection broke at the very end, so the import may be done or not: import the file again, or see by --dry-run";

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
