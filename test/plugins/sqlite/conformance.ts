import { Database } from "bun:sqlite";
import { join } from "node:path";
import { openToWrite } from "../../../plugins/sqlite/own/open.ts";
import type { Subjects } from "../held-to-the-contract.ts";

export const subjects: Subjects = {
  "with its own schema": async (directory) => {
    const database = await openToWrite(join(directory, "own.db"));
    database.run(
      "INSERT INTO players (player_id, currency, balance_minor) VALUES ('12001', 'EUR', 3000) ON CONFLICT DO NOTHING",
    );
    database.close();
    return { file: "own.db" };
  },
  "with a query": async (directory) => {
    using database = new Database(join(directory, "operators.db"));
    database.run("CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, cents INTEGER)");
    database.run("INSERT INTO accounts VALUES ('12001', 3000) ON CONFLICT DO NOTHING");
    return {
      file: "operators.db",
      query: "SELECT cents AS balance_minor FROM accounts WHERE id = :player_id",
    };
  },
};
