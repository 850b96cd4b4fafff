import { sharedPostgres } from "../../engines/postgres-server.ts";
import type { Subjects } from "../held-to-the-contract.ts";
import { ownPlayers } from "./own-players.ts";
import { optionsFor } from "./subject.ts";

// Here, because a start may take longer than a test.
const server = await sharedPostgres();

export const subjects: Subjects = {
  "with its own table": async () => {
    await ownPlayers(server, "conformance", { "12001": 3000n });
    return optionsFor(server, "conformance");
  },
  "with a query": async () => {
    await server.database("conformance");
    await server.run(
      `CREATE TABLE IF NOT EXISTS accounts (id text PRIMARY KEY, balance numeric);
       INSERT INTO accounts VALUES ('12001', 30) ON CONFLICT DO NOTHING; GRANT SELECT ON accounts TO klas`,
      "conformance",
    );
    return {
      ...optionsFor(server, "conformance"),
      query: "SELECT balance FROM accounts WHERE id = :player_id",
    };
  },
};
