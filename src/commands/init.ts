import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import { describeFileError } from "../file-error.ts";
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
    .option("--force", "start anew; what is there is kept under another name")
    .option("--quiet", "do not say what to do next")
    .action(async (dir, { source, force = false, quiet = false }) => {
      const { written, kept } = await init(resolve(dir), source, force);
      const lines = [
        ...kept,
        ...written.map((file) => `wrote ${file}`),
        ...(quiet ? [] : nextSteps(dir, source)),
      ];
      process.stdout.write(`${lines.join("\n")}\n`);
    });
}

interface Initialised {
  readonly written: readonly string[];
  /** What was there before and where it is now, in words. */
  readonly kept: readonly string[];
}

async function init(folder: string, source: SourceName, force: boolean): Promise<Initialised> {
  const config = join(folder, "config.toml");
  const files = source === "sqlite" ? [config, join(folder, DATABASE)] : [config];
  const present = files.filter((file) => existsSync(file));
  if (present.length > 0 && !force) {
    throw new Failure(
      `${present.join(" and ")}: there already; --force starts anew and keeps what is there under another name`,
      1,
    );
  }
  const kept: string[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const file of present) kept.push(await keepAside(file));
    // "wx": nobody can have put a file, or a link to one, in its place meanwhile.
    await writeFile(config, configText(source), { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new Failure(`cannot write to ${folder}: ${describeFileError(error)}`, 1);
  }
  if (source === "sqlite") {
    await withPlayers(join(folder, DATABASE), "make", (database) =>
      putPlayer(database, { playerId: "12001", currency: "EUR", balanceMinor: 3000n }),
    );
  }
  return { written: files, kept };
}

/** Renames a file, and a database's log with it: left behind, it would be taken for the new database's. */
async function keepAside(file: string): Promise<string> {
  const aside = `${file}.${new Date().toISOString().replaceAll(":", "")}.bak`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(file + suffix)) await rename(file + suffix, aside + suffix);
  }
  return `kept ${file} as ${aside}`;
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

function nextSteps(dir: string, source: SourceName): readonly string[] {
  const change = dir === "." ? [] : [`  cd ${relative("", resolve(dir)) || dir}`];
  const edit =
    source === "rest"
      ? ["  edit config.toml        say where your core is, then:", "  klas-balance check"]
      : [];
  return [
    "",
    "Next:",
    ...change,
    ...edit,
    "  klas-balance serve      answers on port 8080",
    "  klas-balance call 12001 makes a signed call, as Klas Gaming does (from another terminal)",
    "",
    "Klas Gaming needs your WEBHOOK_URL (https://…, without /balance) and the secret in config.toml.",
  ];
}
