import type { Database } from "bun:sqlite";
import { asc, eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { assertPlace, explained } from "../../../plugins/sqlite/file/failure.ts";
import { emptyLogOfCommand } from "../../../plugins/sqlite/file/log-file.ts";
import { closeRead, openToRead, openToWrite } from "../../../plugins/sqlite/own/open.ts";
import { players } from "../../../plugins/sqlite/own/schema.ts";
import { Failure } from "../../failure.ts";
import type { Player } from "./entry.ts";

/** How long a command waits for another program that is writing. */
const WRITE_WAIT_MS = 10_000;

const COLUMNS = {
  playerId: players.playerId,
  currency: players.currency,
  balanceMinor: players.balanceMinor,
};

/** What a command does with the database: only `make` makes one where there is none, and only `read` changes nothing. */
type Access = "read" | "change" | "make";

/** Opens the own database for as long as `use` takes. Whatever SQLite throws becomes one line that says what to do. */
export async function withPlayers<Result>(file: string, access: Access, use: Use<Result>): Promise<Result> {
  try {
    assertPlace(file, { mustExist: access !== "make" });
    return await (access === "read" ? reading : writing)(file, use);
  } catch (error) {
    const problem = explained(error, file);
    // A plain `Error` is the database's word to the user; any other kind is a bug or has its own status.
    throw problem instanceof Error && problem.constructor === Error
      ? new Failure(problem.message, 1)
      : problem;
  }
}

type Use<Result> = (database: Database) => Result | Promise<Result>;

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

/** `undefined` where there is no such player. */
export function findPlayer(database: Database, playerId: string): Player | undefined {
  return drizzle(database).select(COLUMNS).from(players).where(eq(players.playerId, playerId)).get();
}

/** Every player in the order of their ids, one at a time, as of one moment. */
export function eachPlayer(database: Database): IterableIterator<Player> {
  const { sql } = drizzle(database).select(COLUMNS).from(players).orderBy(asc(players.playerId)).toSQL();
  return rename(database.prepare<PlayerRow, []>(sql).iterate());
}

interface PlayerRow {
  readonly player_id: string;
  readonly currency: string;
  readonly balance_minor: bigint;
}

function* rename(rows: Iterable<PlayerRow>): IterableIterator<Player> {
  for (const row of rows) {
    yield { playerId: row.player_id, currency: row.currency, balanceMinor: row.balance_minor };
  }
}

/** Adds the player, or replaces what is there. */
export function putPlayer(database: Database, player: Player): void {
  const row = { currency: player.currency, balanceMinor: player.balanceMinor, updatedAt: BigInt(Date.now()) };
  drizzle(database)
    .insert(players)
    .values({ playerId: player.playerId, ...row })
    .onConflictDoUpdate({ target: players.playerId, set: row })
    .run();
}

/** `false` where there was no such player. */
export function removePlayer(database: Database, playerId: string): boolean {
  return drizzle(database).delete(players).where(eq(players.playerId, playerId)).returning().all().length > 0;
}
