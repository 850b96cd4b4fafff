import type { Database } from "bun:sqlite";
import type { RepeatedRow, Staging } from "../../shared/players-table.ts";

/**
 * A temporary table, which SQLite keeps in a file of its own and outside of the database: no lock is held
 * while the rows are read, however slowly they come, and a million of them need no memory.
 */
export function stagePlayers(database: Database): Staging {
  database.run("PRAGMA temp_store = FILE");
  database.run(
    "CREATE TEMPORARY TABLE staged (player_id TEXT PRIMARY KEY NOT NULL, currency TEXT NOT NULL, " +
      "balance_minor INTEGER NOT NULL, line INTEGER NOT NULL) STRICT, WITHOUT ROWID",
  );
  // Ended by `publish` or by closing. One transaction, because each of its own would cost more than the row.
  database.run("BEGIN");
  const insert = database.prepare<null, [string, string, bigint, number]>(
    "INSERT INTO staged VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const lineOf = database.prepare<{ line: bigint }, [string]>("SELECT line FROM staged WHERE player_id = ?");
  return {
    async add(rows) {
      const repeated: RepeatedRow[] = [];
      for (const { player, line } of rows) {
        const { playerId, currency, balanceMinor } = player;
        const { changes } = insert.run(playerId, currency, balanceMinor, line);
        if (changes === 0) repeated.push({ line, earlierLine: Number(lineOf.get(playerId)?.line) });
      }
      return repeated;
    },
    async *compared() {
      const rows = database.prepare<ComparedRow, []>(
        "SELECT staged.player_id, staged.currency, staged.balance_minor, players.currency AS currency_before, " +
          "players.balance_minor AS balance_minor_before FROM staged LEFT JOIN players USING (player_id)",
      );
      for (const row of rows.iterate()) {
        const before =
          row.currency_before === null || row.balance_minor_before === null
            ? undefined
            : { currency: row.currency_before, balanceMinor: row.balance_minor_before };
        const after = { playerId: row.player_id, currency: row.currency, balanceMinor: row.balance_minor };
        yield { before, after };
      }
    },
    async publish() {
      database.run("COMMIT");
      database.run(
        "INSERT INTO players (player_id, currency, balance_minor, updated_at) " +
          "SELECT player_id, currency, balance_minor, ? FROM staged WHERE true ON CONFLICT (player_id) DO UPDATE " +
          "SET currency = excluded.currency, balance_minor = excluded.balance_minor, updated_at = excluded.updated_at",
        [BigInt(Date.now())],
      );
    },
  };
}

interface ComparedRow {
  readonly player_id: string;
  readonly currency: string;
  readonly balance_minor: bigint;
  readonly currency_before: string | null;
  readonly balance_minor_before: bigint | null;
}
