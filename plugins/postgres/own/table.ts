import type { SQL } from "bun";
import type { Player, PlayersTable } from "../../shared/players-table.ts";
import { rowsOf } from "../session.ts";
import { fetched } from "./cursor.ts";
import { COMMAND_LOCK_MS, limited, waitingAtMost } from "./limited.ts";
import { stagePlayers } from "./staging.ts";

const COLUMNS = "player_id, currency, balance_minor::text";

/** The table `players` over one session, which the caller ends. */
export function playersTable(session: SQL): PlayersTable {
  function ask(text: string, parameters: unknown[]): Promise<readonly unknown[][]> {
    return limited(session, COMMAND_LOCK_MS, (transaction) => rowsOf(transaction, text, parameters));
  }

  async function* list(fromId = ""): AsyncGenerator<Player> {
    await session.unsafe(`BEGIN READ ONLY; ${waitingAtMost(COMMAND_LOCK_MS)}`).simple();
    await session.unsafe(
      `DECLARE listing NO SCROLL CURSOR FOR SELECT ${COLUMNS} FROM players WHERE player_id >= $1 ORDER BY player_id`,
      [fromId],
    );
    for await (const row of fetched(session, "listing")) yield playerOf(row);
    await session.unsafe("COMMIT");
  }

  return {
    async get(playerId) {
      const [row] = await ask(`SELECT ${COLUMNS} FROM players WHERE player_id = $1`, [playerId]);
      return row === undefined ? undefined : playerOf(row);
    },
    list,
    async longestIdLength() {
      const [[longest] = []] = await ask("SELECT max(length(player_id)) FROM players", []);
      return Number(longest ?? 0);
    },
    async put({ playerId, currency, balanceMinor }) {
      await ask(
        `INSERT INTO players (player_id, currency, balance_minor, updated_at) VALUES ($1, $2, $3::int8, $4::int8)
         ON CONFLICT (player_id) DO UPDATE SET currency = excluded.currency, balance_minor = excluded.balance_minor,
         updated_at = excluded.updated_at`,
        [playerId, currency, String(balanceMinor), String(Date.now())],
      );
    },
    async remove(playerId) {
      const removed = await ask("DELETE FROM players WHERE player_id = $1 RETURNING 1", [playerId]);
      return removed.length > 0;
    },
    stage: () => stagePlayers(session),
  };
}

function playerOf([playerId, currency, balanceMinor]: readonly unknown[]): Player {
  return {
    playerId: String(playerId),
    currency: String(currency),
    balanceMinor: BigInt(String(balanceMinor)),
  };
}
