import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";

export interface BenchOptions {
  readonly binary: string;
  /** A folder of the bench's own. */
  readonly folder: string;
  readonly rounds: number;
  readonly connections: number;
}

export const SECRET = "bench-secret-0123456789abcdef";

/** The command of a program that lies beside this file. */
export function beside(name: string, ...args: readonly string[]): string[] {
  return [process.execPath, join(import.meta.dir, `${name}.ts`), ...args];
}

export async function makeDatabase(file: string, players: number): Promise<void> {
  using database = await openToWrite(file);
  // In the order of the keys, as text, the b-tree grows at its end.
  database.run(
    `INSERT INTO players (player_id, currency, balance_minor)
     WITH RECURSIVE number(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM number WHERE value + 1 < ?)
     SELECT CAST(value AS TEXT) AS id, 'EUR', value * 7 FROM number ORDER BY id`,
    [players],
  );
}

export interface Serving {
  /** Of the configuration's file; one name, one file. */
  readonly name: string;
  /** The lines of the source's table. */
  readonly source: string;
  readonly level?: "warn" | "info";
  /** Further lines of `[server]` and `[webhook]`. */
  readonly server?: string;
  readonly webhook?: string;
  /** Further tables. */
  readonly more?: string;
}

/** Writes a configuration and returns its path. */
export function writeConfig(folder: string, serving: Serving): string {
  const { name, source, level = "warn", server = "", webhook = "", more = "" } = serving;
  const file = join(folder, `${name}.toml`);
  writeFileSync(
    file,
    `[server]\nhost = "127.0.0.1"\nport = 0\n${server}\n[webhook]\nsecrets = ["${SECRET}"]\n${webhook}\n` +
      `[sources.players]\n${source}\n[log]\nlevel = "${level}"\nformat = "json"\n${more}`,
  );
  return file;
}
