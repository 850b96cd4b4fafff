import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command, Option } from "@commander-js/extra-typings";
import { describeFileError } from "../file-error.ts";
import { Failure } from "../failure.ts";
import { createFile } from "./whole-file.ts";
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
  const kept: Kept[] = [];
  let isConfigMade = false;
  try {
    await mkdir(folder, { recursive: true });
    for (const file of present) kept.push(await keepAside(file));
    // It must be new: nobody can have put a file, or a link to one, in its place meanwhile.
    await createFile(config, [configText(source)], 0o600);
    isConfigMade = true;
    if (source === "sqlite") await makeDatabase(join(folder, DATABASE));
  } catch (error) {
    for (const file of isConfigMade ? files : []) await removeAll(file);
    for (const { file, aside } of kept) await renameAll(aside, file);
    throw error instanceof Failure
      ? error
      : new Failure(`cannot write to ${folder}: ${describeFileError(error)}`, 1);
  }
  return { written: files, kept: kept.map(({ file, aside }) => `kept ${file} as ${aside}`) };
}

async function makeDatabase(file: string): Promise<void> {
  await withPlayers(file, "make", (database) =>
    putPlayer(database, { playerId: "12001", currency: "EUR", balanceMinor: 3000n }),
  );
}

interface Kept {
  readonly file: string;
  readonly aside: string;
}

async function keepAside(file: string): Promise<Kept> {
  const aside = `${file}.${new Date().toISOString().replaceAll(":", "")}.bak`;
  await renameAll(file, aside);
  return { file, aside };
}

/** A file and, of a database, its log: left behind, that would be taken for the next database's. */
const SUFFIXES = ["", "-wal", "-shm"];

async function renameAll(from: string, to: string): Promise<void> {
  for (const suffix of SUFFIXES) {
    if (existsSync(from + suffix)) await rename(from + suffix, to + suffix);
  }
}

async function removeAll(file: string): Promise<void> {
  for (const suffix of SUFFIXES) await rm(file + suffix, { force: true });
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
  const change = dir === "." ? [] : [`  cd ${dir}`];
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
