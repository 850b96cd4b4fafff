import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import * as v from "valibot";
import type { WithPlayers } from "../shared/players-table.ts";
import { assertPlace, explained } from "./file/failure.ts";
import { behindLinks } from "./file/identity.ts";
import { emptyLogOfCommand } from "./file/log-file.ts";
import { bringUpToDate } from "./own/migrate.ts";
import { closeRead, openToRead, openToWrite } from "./own/open.ts";
import { playersTable } from "./own/table.ts";

/** How long a command waits for another program that is writing. */
const WRITE_WAIT_MS = 10_000;

const place = v.object({ file: v.string() });

/** The door for the `players` commands into klas-balance's own database. It is safe beside a server. */
export const withPlayers: WithPlayers = async ({ options, directory }, access, use) => {
  const file = behindLinks(resolve(directory, v.parse(place, options).file));
  try {
    assertPlace(file, { mustExist: access === "read" || access === "change" });
    return await OPENING[access](file, (database) => use(playersTable(database)));
  } catch (error) {
    throw explained(error, file);
  }
};

type Use<Result> = (database: Database) => Promise<Result>;

const OPENING = { read: reading, rehearse: rehearsing, change: writing, make: writing } as const;

/** In memory, if there is no database yet. */
async function rehearsing<Result>(file: string, use: Use<Result>): Promise<Result> {
  if (existsSync(file)) return await reading(file, use);
  using database = new Database(":memory:", { strict: true, safeIntegers: true });
  bringUpToDate(database, file);
  return await use(database);
}

async function reading<Result>(file: string, use: Use<Result>): Promise<Result> {
  const database = await openToRead(file);
  try {
    return await use(database);
  } finally {
    closeRead(database, file);
  }
}

async function writing<Result>(file: string, use: Use<Result>): Promise<Result> {
  using database = await openToWrite(file);
  database.run(`PRAGMA busy_timeout = ${WRITE_WAIT_MS}`);
  const result = await use(database);
  emptyLogOfCommand(database);
  return result;
}
