import { sharedPostgres } from "../../engines/postgres-server.ts";
import type { Subjects } from "../held-to-the-contract.ts";
import { ownPlayers } from "./own-players.ts";
import { optionsFor } from "./subject.ts";

export const subjects: Subjects = {
  "with its own table": async () => {
    const server = await sharedPostgres();
    await ownPlayers(server, "conformance", { "12001": 3000n });
    return optionsFor(server, "conformance");
  },
};
