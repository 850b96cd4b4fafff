import { SQL } from "bun";
import { bringUpToDate } from "../../../plugins/postgres/own/migrate.ts";
import type { PostgresServer } from "../../engines/postgres-server.ts";

/** Makes the database with klas-balance's own table, if there is none yet, and players with amounts in cents. */
export async function ownPlayers(
  server: PostgresServer,
  database: string,
  cents: Readonly<Record<string, bigint>>,
): Promise<void> {
  await server.database(database);
  await using client = clientOf(server, database);
  await bringUpToDate(client);
  for (const [playerId, amount] of Object.entries(cents)) {
    await client.unsafe(
      "INSERT INTO players (player_id, currency, balance_minor) VALUES ($1, 'EUR', $2) ON CONFLICT DO NOTHING",
      [playerId, amount],
    );
  }
}

/** A connection as the database's owner, for what the source under test must not do. */
export function clientOf(server: PostgresServer, database: string): SQL {
  const address = { hostname: "127.0.0.1", port: server.port, username: "klas", password: "", database };
  return new SQL({ adapter: "postgres", ...address, tls: "disable", max: 1 });
}
