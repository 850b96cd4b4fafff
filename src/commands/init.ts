import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import { Failure } from "../failure.ts";
import { putPlayer, withPlayers } from "./players/store.ts";

const SOURCES = ["sqlite", "rest", "static"] as const;

type SourceName = (typeof SOURCES)[number];

/** What `init` writes of each source: the table that `webhook.source` names. */
const SOURCE_TABLES = {
  sqlite: `plugin = "sqlite"
file = "balances.db"        # made and kept by "klas-balance players"
# query = "SELECT balance FROM accounts WHERE id = :player_id"    # or: read a database of yours`,
  rest: `plugin = "rest"
url = "http://127.0.0.1:9000/players/{player_id}/balance"    # your core
balance = "/balance"        # JSON Pointer to the amount in its answer`,
  static: `plugin = "static"            # for rehearsals
players = { "12001" = "30" }`,
} as const satisfies Record<SourceName, string>;

const DATABASE = "balances.db";

/** `init [DIR]`: a configuration with a fresh secret and, for sqlite, a database with one player. */
export function initCommand() {
  return new Command("init")
    .description("writes a configuration with a fresh secret, and a database with the player 12001 (30 EUR)")
    .argument("[dir]", "the folder, which is made where there is none", ".")
    .addOption(
      new Option("--source <name>", "where the balances live").choices(SOURCES).default("sqlite" as const),
    )
    .option("--force", "overwrite what is there")
    .action(async (dir, { source, force = false }) => {
      const written = await init(resolve(dir), source, force);
      process.stdout.write(`${nextSteps(dir, source, written)}\n`);
    });
}

async function init(folder: string, source: SourceName, force: boolean): Promise<readonly string[]> {
  const config = join(folder, "config.toml");
  const files = source === "sqlite" ? [config, join(folder, DATABASE)] : [config];
  const present = files.filter((file) => existsSync(file));
  if (present.length > 0 && !force) {
    throw new Failure(`${present.join(" and ")} would be overwritten; --force does it`, 1);
  }
  try {
    await mkdir(folder, { recursive: true });
    for (const file of files) await removeDatabaseOrFile(file);
    // "wx": nobody can have put a file, or a link to one, in its place meanwhile.
    await writeFile(config, configText(source), { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new Failure(
      `cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`,
      1,
    );
  }
  if (source === "sqlite") {
    await withPlayers(join(folder, DATABASE), { mustExist: false }, (database) =>
      putPlayer(database, { playerId: "12001", currency: "EUR", balanceMinor: 3000n }),
    );
  }
  return files;
}

/** A write-ahead log that was left behind would be taken for the new database's. */
async function removeDatabaseOrFile(file: string): Promise<void> {
  for (const path of [file, `${file}-wal`, `${file}-shm`]) await rm(path, { force: true });
}

function configText(source: SourceName): string {
  return `# klas-balance: config.example.toml in the documentation shows every option.
# This file holds the shared secret: keep it readable by its owner alone.

[server]
host = "0.0.0.0"
port = 8080

[webhook]
path = "/"                  # calls come to POST /balance
secrets = ["${randomBytes(32).toString("hex")}"]
source = "players"

[sources.players]
${SOURCE_TABLES[source]}
`;
}

function nextSteps(dir: string, source: SourceName, written: readonly string[]): string {
  const change = dir === "." ? [] : [`  cd ${relative("", resolve(dir)) || dir}`];
  const edit =
    source === "rest"
      ? ["  edit config.toml        say where your core is, then:", "  klas-balance check"]
      : [];
  return [
    ...written.map((file) => `wrote ${file}`),
    "",
    "Next:",
    ...change,
    ...edit,
    "  klas-balance serve      answers on port 8080",
    "  klas-balance call 12001 makes a signed call, as Klas Gaming does (from another terminal)",
    "",
    "Klas Gaming needs your WEBHOOK_URL (https://…, without /balance) and the secret in config.toml.",
  ].join("\n");
}
