import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { withPlayers } from "../../plugins/sqlite/players.ts";
import { secretWarnings, TRIAL_PREFIX } from "../config/secret-warnings.ts";
import { describeFileError, fileErrorCode } from "../file-error.ts";
import { Failure } from "../failure.ts";
import { builtIns, type Starter } from "../source/built-in.ts";
import { print } from "../standard-output.ts";
import { shownPath } from "../shown-path.ts";
import { integerFrom } from "./arguments.ts";
import { secretFromFile } from "./secret-option.ts";
import { createFile } from "./whole-file.ts";
import { inShellQuotes } from "../certify/signed-call.ts";
import { openPlayers } from "../players/own-database.ts";

const DEFAULT_SOURCE = "sqlite";
const SECRET = "secret";

const DEFAULT_PORT = 8080;
const DEFAULT_ADMIN_PORT = 9464;

/** `init [DIR]`: a configuration, its secret and, for klas-balance's own database, one player. */
export function initCommand() {
  return new Command("init")
    .description("writes a configuration, its secret, and a database with the player 12001 (30 EUR)")
    .argument("[dir]", "the folder; it is made if it does not exist", parseFolder, ".")
    .addOption(
      new Option("--source <name>", "where the balances live")
        .choices([...builtIns.keys()])
        .default(DEFAULT_SOURCE),
    )
    .option(
      "--secret-file <file>",
      "the secret that Klas Gaming issued to you (SecretID); without it a trial secret is made",
    )
    .option("--port <number>", "the port that answers calls", integerFrom(0, 65_535), DEFAULT_PORT)
    .option(
      "--admin-port <number>",
      "the port of the admin listener, for this machine alone",
      integerFrom(0, 65_535),
      DEFAULT_ADMIN_PORT,
    )
    .option("--force", "write all of it again; what is there is kept under another name")
    .option("--quiet", "do not say what to do next")
    .addHelpText(
      "after",
      `
Examples:
  klas-balance init                          a trial in this folder
  klas-balance init --secret-file klas.txt   with the secret that Klas issued
  klas-balance init /srv/klas --source rest  balances come from a core over HTTP`,
    )
    .action(async (dir, { secretFile, source, force = false, quiet = false, ...ports }, command) => {
      if (ports.port === ports.adminPort && ports.port !== 0) {
        command.error("error: --port and --admin-port are the same: the two listeners need different ones", {
          exitCode: 2,
        });
      }
      const options = { ...ports, starter: starterOf(source) };
      const issued = secretFile === undefined ? undefined : secretFromFile(command, secretFile);
      const plan = planOf({ ...options, folder: resolve(dir), issued, secretFile });
      const kept = await write(plan, force);
      await chmod(join(plan.folder, SECRET), 0o600);
      const lines = [
        ...kept.map(({ file, aside }) => `kept ${shownPath(file)} as ${shownPath(aside)}`),
        ...plan.files.map(({ path }) => `wrote ${shownPath(path)}`),
        ...(issued === undefined ? [] : secretWarnings([issued]).map((warning) => `warning: ${warning}`)),
        ...(quiet ? [] : nextSteps(dir, { ...options, isTrial: issued === undefined })),
      ];
      print(`${lines.join("\n")}\n`);
    });
}

function parseFolder(text: string): string {
  if (text === "") throw new InvalidArgumentError("Expected the name of a folder.");
  return text;
}

function starterOf(source: string): Starter {
  const builtIn = builtIns.get(source);
  if (builtIn === undefined) throw new Error("the option takes built-ins only");
  return builtIn.starter;
}

interface InitOptions {
  readonly starter: Starter;
  readonly port: number;
  readonly adminPort: number;
}

/** What should exist in the end. */
interface Plan {
  readonly folder: string;
  /** In the order in which they are made. The first cannot be made twice, so of two runs at a time one fails. */
  readonly files: readonly PlannedFile[];
}

interface PlannedFile {
  readonly path: string;
  /** Leaves nothing behind if it fails. */
  readonly make: (path: string) => Promise<void>;
}

interface Wanted extends InitOptions {
  readonly folder: string;
  readonly issued: string | undefined;
  readonly secretFile: string | undefined;
}

function planOf({ folder, issued, secretFile, ...options }: Wanted): Plan {
  const secretPath = join(folder, SECRET);
  // It may lie in its place already.
  const isThere = secretFile !== undefined && resolve(secretFile) === secretPath;
  const { database } = options.starter;
  const secret = issued ?? TRIAL_PREFIX + randomBytes(32).toString("hex");
  return {
    folder,
    files: [
      { path: join(folder, "config.toml"), make: (path) => createFile(path, [configText(options)], 0o600) },
      ...(isThere
        ? []
        : [{ path: secretPath, make: (path: string) => createFile(path, [`${secret}\n`], 0o600) }]),
      ...(database === undefined ? [] : [{ path: join(folder, database), make: makeDatabase }]),
    ],
  };
}

/** Makes every file of the plan or, if one cannot be made, none: then what was there is there again. */
async function write({ folder, files }: Plan, force: boolean): Promise<readonly Kept[]> {
  const present = files.filter(({ path }) => existsSync(path)).map(({ path }) => path);
  if (present.length > 0 && !force) throw new Failure(alreadyThere(present, folder), 1);
  const kept: Kept[] = [];
  const made: string[] = [];
  try {
    await makeFolder(folder);
    for (const path of present) kept.push(await keepAside(path));
    for (const { path, make } of files) {
      await make(path);
      made.push(path);
    }
  } catch (error) {
    for (const path of made) await removeAll(path);
    for (const { file, aside } of kept) await renameAll(aside, file);
    throw error instanceof Failure
      ? error
      : new Failure(`cannot write to ${shownPath(folder)}: ${describeFileError(error)}`, 1);
  }
  return kept;
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    if (fileErrorCode(error) !== "EEXIST") throw error;
    throw new Failure(`cannot write to ${shownPath(folder)}: it is not a folder`, 1);
  }
}

function alreadyThere(present: readonly string[], folder: string): string {
  const secret = join(folder, SECRET);
  const advice = present.join() === secret ? `"--secret-file ${shownPath(secret)}" takes it as it is, ` : "";
  return `${present.map(shownPath).join(", ")}: there already; ${advice}--force writes all again and keeps what is there under another name`;
}

async function makeDatabase(file: string): Promise<void> {
  try {
    await openPlayers(withPlayers, { options: { file }, directory: "." }, "make", (players) =>
      players.put({ playerId: "12001", currency: "EUR", balanceMinor: 3000n }),
    );
  } catch (error) {
    await removeAll(file);
    throw error;
  }
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

/** A file and, for a database, its log, which would otherwise be taken for the next database's. */
const SUFFIXES = ["", "-wal", "-shm"];

async function renameAll(from: string, to: string): Promise<void> {
  for (const suffix of SUFFIXES) {
    if (existsSync(from + suffix)) await rename(from + suffix, to + suffix);
  }
}

async function removeAll(file: string): Promise<void> {
  for (const suffix of SUFFIXES) await rm(file + suffix, { force: true });
}

function configText({ starter, port, adminPort }: InitOptions): string {
  return `# klas-balance: "klas-balance config example" prints every option.

[server]
host = "0.0.0.0"
port = ${port}

[webhook]
path = "/"                  # calls come to POST /balance
# Issued by Klas Gaming, in the file "secret" beside this one. When they issue a new one, it goes in front:
# ["\${file:secret.new}", "\${file:secret}"], until the metrics show that the old one is no longer used.
secrets = ["\${file:secret}"]
source = "players"
# probe_player = "12001"    # a real player of yours, whom "check" and the readiness probe then look up

[sources.players]
${starter.table}

[admin]                     # for this machine alone: the console page, /readyz, /metrics
host = "127.0.0.1"
port = ${adminPort}
`;
}

function nextSteps(
  dir: string,
  { starter, port, adminPort, isTrial }: InitOptions & { readonly isTrial: boolean },
): readonly string[] {
  const change = dir === "." ? [] : [`  cd ${PLAIN_WORD.test(dir) ? dir : inShellQuotes(dir)}`];
  // If the players are the operator's own, only the operator knows one.
  const player = starter.nextSteps.length === 0 ? "12001" : "ID";
  const before = starter.nextSteps.map((step) => `  ${step}`);
  const secret = isTrial
    ? [
        "The secret is a trial one. Klas Gaming issues the real one (SecretID): put it",
        'into the file "secret", in place of what is there, and restart or reload.',
      ]
    : ['The secret is the one that Klas Gaming issued. It is in the file "secret".'];
  return [
    "",
    "Next:",
    ...change,
    ...before,
    ...steps([
      [`check --player ${player}`, "what is wrong, and what a call would get"],
      ["serve", `answers on port ${port} until Ctrl-C`],
      [`call ${player}`, "from another terminal: a signed call"],
    ]),
    "",
    `While it runs, http://127.0.0.1:${adminPort}/ shows it at work.`,
    "",
    ...secret,
    "Klas Gaming needs your WEBHOOK_URL (https://…, without /balance).",
  ];
}

/** What a shell takes as it is. */
const PLAIN_WORD = /^[\w./~+-]+$/;

function steps(each: readonly (readonly [command: string, does: string])[]): readonly string[] {
  return each.map(([command, does]) => `  klas-balance ${command.padEnd(20)}  # ${does}`);
}
