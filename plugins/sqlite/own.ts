import { Database } from "bun:sqlite";
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { untilFreeToOpen } from "./busy.ts";
import { exponentOf } from "./currency.ts";
import { removeOldIndex } from "./identity.ts";
import { assertPlace, explained } from "./failure.ts";
import { bringUpToDate, isUpToDate } from "./migrate.ts";
import { players } from "./schema.ts";
import { turnSnapshot } from "./snapshot.ts";
import type { Reader, ReaderKind } from "./source.ts";

/**
 * The reader's page cache. 16 MiB hold some 400,000 players whole, and of 10,000,000 every inner page of the
 * tree, so that a lookup reads one page at most. The other pragmas are SQLite's defaults on purpose: pages of
 * 4096 bytes (smaller and larger ones were slower at 10,000,000 players), and no memory map, because a file
 * that somebody cuts short while it is mapped ends the process with SIGBUS.
 */
const CACHE_KIB = 16_384;

/**
 * Opens klas-balance's own database to write, makes it where there is none and migrates it.
 * Throws one line that says what to do. The caller closes it.
 */
export async function openToWrite(file: string): Promise<Database> {
  assertPlace(file, { mustExist: false });
  let database: Database | undefined;
  try {
    database = new Database(file, { create: true, readwrite: true, strict: true, safeIntegers: true });
    const opened = database;
    await untilFreeToOpen(() => {
      // These are figures of money: a commit is on the disk before anyone hears of it. SQLite's default, too.
      opened.run("PRAGMA synchronous = FULL");
      bringUpToDate(opened, file);
    });
    return database;
  } catch (error) {
    database?.close(true);
    throw explained(error, file);
  }
}

/** klas-balance's own database as a kind of source. */
export function ownDatabase(file: string): ReaderKind {
  return {
    open: () => openOwn(file),
    reopen(known, current) {
      removeOldIndex(file, known, current);
      return openReader(file);
    },
    tidy: () => tidy(file),
  };
}

/** Opens the reader of lookups, first making and migrating the database where that is needed. */
async function openOwn(file: string): Promise<Reader> {
  // Open for longer than it is used: the last connection would remove the log that the reader is about to open.
  using _database = await openToWrite(file);
  return await openReader(file);
}

/** On a file that came back while the server runs, this is all: it is neither made nor migrated. */
async function openReader(file: string): Promise<Reader> {
  let database: Database | undefined;
  try {
    // Read-only, so that no lookup can change anything and no `close` writes to a file that was exchanged.
    const opened = new Database(file, { readonly: true, strict: true, safeIntegers: true });
    database = opened;
    return await untilFreeToOpen(() => ownReader(opened, file));
  } catch (error) {
    database?.close(true);
    throw explained(error, file);
  }
}

function ownReader(database: Database, file: string): Reader {
  if (!isUpToDate(database, file)) {
    throw new Error(`${file} holds no players table of this version: start again to have it made`);
  }
  database.run(`PRAGMA cache_size = -${CACHE_KIB}`);
  const { sql: byPlayerId } = drizzle(database)
    .select({ currency: players.currency, balance_minor: players.balanceMinor })
    .from(players)
    .where(eq(players.playerId, ""))
    .toSQL();
  // The statement itself, without what drizzle does for each row: this is the hot path.
  const statement = database.prepare<PlayerRow, [string]>(byPlayerId);
  const snapshot = turnSnapshot(database);
  return {
    read: ({ playerId }) => {
      snapshot.begin();
      const player = statement.get(playerId);
      if (player === null) return null;
      const exponent = exponentOf(player.currency);
      if (exponent === undefined) {
        throw new Error(`the player's currency is not in ISO 4217: correct the column currency in ${file}`);
      }
      return { balanceMinor: player.balance_minor, exponent };
    },
    close: () => {
      snapshot.end();
      database.close(true);
    },
  };
}

interface PlayerRow {
  readonly currency: string;
  readonly balance_minor: bigint;
}

/** Lets SQLite move its log into the file and remove it: the file alone is the whole database then. */
function tidy(file: string): void {
  try {
    using database = new Database(file, { readwrite: true });
    database.run("SELECT 1 FROM sqlite_schema");
  } catch {
    // Somebody else is at work on it; the log is sound as it is, and whoever is last tidies it.
  }
}
