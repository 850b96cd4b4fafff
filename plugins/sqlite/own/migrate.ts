import type { Database } from "bun:sqlite";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { migrate } from "drizzle-orm/bun-sqlite/migrator";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { sqliteCode } from "../file/busy.ts";

/** A compiled binary keeps the embedded folder in its root, which `import.meta.dir` names there. */
const migrationsFolder = join(import.meta.dir, "migrations");

/** How long the switch to WAL mode waits for others who use the file. */
const SWITCHING_MS = 300;

const SWITCH_EVERY_MS = 5;

/** A name of our own: another program's drizzle journal must not pass for ours. */
const migrationsTable = "klas_balance_migrations";

/**
 * Brings a database to the current schema. One that has it already is only read: no write lock is needed.
 * Throws, before anything is written, if the database is a newer version's or somebody else's.
 */
export function bringUpToDate(database: Database, file: string): void {
  if (isUpToDate(database, file)) return;
  database.run("PRAGMA journal_mode = WAL");
  try {
    migrate(drizzle(database), { migrationsFolder, migrationsTable });
  } catch (error) {
    // Two processes met at a new file, and the other one has migrated it meanwhile.
    if (!isUpToDate(database, file)) throw error;
  }
}

/**
 * Puts the database into WAL mode: readers then never wait for a writer. It is a property of the file, and a file
 * that was made by VACUUM INTO, .dump or .recover does not have it. Returns whether it is in that mode in the end.
 */
export async function useLog(database: Database): Promise<boolean> {
  const waiting = AbortSignal.timeout(SWITCHING_MS);
  while (!tryToUseLog(database)) {
    if (waiting.aborted) return false;
    await Bun.sleep(SWITCH_EVERY_MS);
  }
  return true;
}

/** The same without waiting for anybody. It needs the file for itself, if only for a moment. */
export function tryToUseLog(database: Database): boolean {
  try {
    const row = database.prepare<{ journal_mode: string }, []>("PRAGMA journal_mode = WAL").get();
    return row?.journal_mode === "wal";
  } catch (error) {
    if (sqliteCode(error) === undefined) throw error;
    return false;
  }
}

export function isUpToDate(database: Database, file: string): boolean {
  const tables = tableNames(database);
  if (!tables.includes(migrationsTable)) {
    assertEmpty(tables, file);
    return false;
  }
  const ours = latestOfOurs();
  const theirs = lastMigration(database);
  if (theirs > ours) {
    throw new Error(`${file} was made by a newer klas-balance: use that version, or a backup from before`);
  }
  return theirs === ours;
}

let latest: number | undefined;

/** The program does not change while it runs. */
function latestOfOurs(): number {
  latest ??= readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  return latest;
}

function assertEmpty(tables: readonly string[], file: string): void {
  if (tables.length === 0) return;
  throw new Error(
    `${file} is not klas-balance's own database (it holds ${tables.slice(0, 3).join(", ")}${tables.length > 3 ? ", …" : ""}): ` +
      "to read balances from a database of yours, set `query`; otherwise name another file",
  );
}

function tableNames(database: Database): readonly string[] {
  return database
    .prepare<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .all()
    .map((table) => table.name);
}

function lastMigration(database: Database): number {
  const row = database
    .prepare<{ last: bigint | number | null }, []>(`SELECT max(created_at) AS last FROM ${migrationsTable}`)
    .get();
  return Number(row?.last ?? 0);
}
