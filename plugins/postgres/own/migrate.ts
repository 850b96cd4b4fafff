import { join } from "node:path";
import type { SQL } from "bun";
import { readMigrationFiles } from "drizzle-orm/migrator";
import { isLockTimeout } from "../server-error.ts";
import { limited } from "./limited.ts";

/** A compiled binary keeps the embedded folder in its root, under its own name. */
const migrationsFolder = join(import.meta.dir, "postgres-migrations");

/** A name of our own: another program's drizzle journal must not pass for ours. */
const JOURNAL = "klas_balance_migrations";

/** If several start at the same moment, one migrates and the others wait. The number is an arbitrary one of ours. */
const LOCK = "7310579811350437";

/**
 * How long each wait for a lock may take. A lane's opening has to outlast it, and it has to outlast an instance that
 * stalls with the lock.
 */
const LOCK_MS = 4000;

/** Somebody else holds a lock. It may pass. */
export class HeldUp extends Error {}

/**
 * Brings a database to the current schema, in one transaction. Throws, before anything is written, if the
 * database is a newer version's, or holds a `players` table that is not ours; `HeldUp`, if others do not let go of it.
 */
export async function bringUpToDate(client: SQL): Promise<void> {
  if (await isUpToDate(client)) return;
  await limited(client, LOCK_MS, async (transaction) => {
    await lock(transaction);
    const last = (await lastMigration(transaction)) ?? 0;
    await transaction.unsafe(
      `CREATE TABLE IF NOT EXISTS ${JOURNAL} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint NOT NULL)`,
    );
    for (const { folderMillis, hash, sql } of readMigrationFiles({ migrationsFolder })) {
      if (folderMillis <= last) continue;
      for (const statement of sql) await transaction.unsafe(statement);
      await transaction.unsafe(`INSERT INTO ${JOURNAL} (hash, created_at) VALUES ($1, $2)`, [
        hash,
        folderMillis,
      ]);
    }
  });
}

async function lock(transaction: SQL): Promise<void> {
  try {
    await transaction.unsafe("SELECT pg_advisory_xact_lock($1::int8)", [LOCK]);
  } catch (error) {
    throw isLockTimeout(error) ? new HeldUp(HELD_UP) : error;
  }
}

const HELD_UP = `holds no players table of this version yet, and another instance has held the lock for making it for ${LOCK_MS / 1000} s: \`klas-balance help postgres\` says how to find who it is`;

export async function isUpToDate(client: SQL): Promise<boolean> {
  return await limited(client, LOCK_MS, isCurrent);
}

async function isCurrent(client: SQL): Promise<boolean> {
  const ours = readMigrationFiles({ migrationsFolder }).at(-1)?.folderMillis ?? 0;
  const theirs = await lastMigration(client);
  if (theirs !== undefined && theirs > ours) {
    throw new Error(
      "holds a table players that was made by a newer klas-balance: use that version, or a backup from before",
    );
  }
  return theirs === ours;
}

/** Whether there is a table `players`, of whatever version. */
export async function hasTable(client: SQL): Promise<boolean> {
  return (await visibleTables(client)).includes("players");
}

/** `undefined` if there is nothing of ours yet. */
async function lastMigration(client: SQL): Promise<number | undefined> {
  const tables = await visibleTables(client);
  if (!tables.includes(JOURNAL)) {
    if (tables.includes("players")) throw new Error(NOT_OURS);
    return undefined;
  }
  const [[last] = []] = await client
    .unsafe<unknown[][]>(`SELECT max(created_at)::text FROM ${JOURNAL}`)
    .values();
  return Number(last ?? 0);
}

/**
 * Read from the catalogue itself: `to_regclass` may answer from what this session knew before it waited for the
 * lock, and would not see the tables that another one has made meanwhile.
 */
async function visibleTables(client: SQL): Promise<readonly unknown[]> {
  const rows = await client
    .unsafe<unknown[][]>(
      `SELECT relname::text FROM pg_class WHERE relname IN ('${JOURNAL}', 'players') AND pg_table_is_visible(oid)`,
    )
    .values();
  return rows.map(([name]) => name);
}

const NOT_OURS =
  "holds a table players that is not klas-balance's own: to read balances from a database of yours, set `query`; " +
  "otherwise name another database";
