import { Database } from "bun:sqlite";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openToWrite } from "../../plugins/sqlite/own/open.ts";
import { callBytes, type Operated, operate } from "../operations/operated.ts";
import { type Certificates, makeCertificates } from "../plugins/rest/certificates.ts";
import { run } from "../server-process.ts";
import { type Caller, caller, type Target } from "./caller.ts";
import { startProxy } from "./proxy.ts";

/** Under which circumstances a program commits a balance and then calls. */
export interface FreshScene {
  readonly workers: number;
  /** Those who commit and then call, each for a player of its own. */
  readonly committers: number;
  /** Those who only call, over a new connection each time. */
  readonly others: number;
  /** The committers' connections. */
  readonly connections: "new" | "kept";
  readonly way: "plain" | "tls" | "nginx";
  readonly beside: "nothing" | "checkpoints" | "wraps" | "import";
  /** klas-balance's own database, or the same read by a `query`. */
  readonly database: "own" | "query";
  /** Whether the writer has the database open only for each commit: then nobody has, and a `query` sees no log. */
  readonly reopens: boolean;
}

export const FRESH: FreshScene = {
  workers: 1,
  committers: 8,
  others: 20,
  connections: "new",
  way: "plain",
  beside: "nothing",
  database: "own",
  reopens: false,
};

export interface FreshCounts {
  /** Calls after a commit that were answered. */
  rounds: number;
  /** Of these, with a balance from before the commit. */
  stale: number;
  /** Of these, with another one that nobody has written, or with none. */
  wrong: number;
  /** Calls that were not answered. */
  lost: number;
  /** Calls of the others. */
  otherCalls: number;
  readonly seconds: number;
}

const CHECKPOINTS = ["PASSIVE", "FULL", "RESTART", "TRUNCATE"];

/** How many commits lie between two checkpoints. */
const CHECKPOINT_EVERY = 7;

/** So short a log starts from its beginning again after every few commits. */
const WRAP_PAGES = 4;

const UPDATE = "UPDATE players SET balance_minor = ? WHERE player_id = ?";

const QUERY = "SELECT balance_minor, 0 AS exponent FROM players WHERE player_id = :player_id";

const IMPORTED_PLAYERS = 5000;

/** Commits and calls until so many rounds are done, or the time is over. */
export async function soakFresh(
  scene: FreshScene,
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Promise<FreshCounts> {
  await using certificates = scene.way === "tls" ? await makeCertificates() : undefined;
  await certificates?.issue("server", "IP:127.0.0.1");
  await using server = await operateScene(scene, certificates);
  await using proxy = scene.way === "nginx" ? await startProxy(server.process.port) : undefined;
  const port = proxy?.port ?? server.process.port;
  const ca = await certificates?.read("ca.pem");
  using writer = openWriter(join(server.folder, "balances.db"), scene);

  const startedMs = performance.now();
  const counts = { rounds: 0, stale: 0, wrong: 0, lost: 0, otherCalls: 0 };
  const ending = new AbortController();
  const isOver = () => counts.rounds >= rounds || performance.now() - startedMs >= seconds * 1000;
  const target = (isKept: boolean): Target => ({ port, ca, isKept });

  async function commitAndCall(player: string): Promise<void> {
    const calling = caller(target(scene.connections === "kept"));
    const bytes = callBytes({ player });
    for (let balance = 1; !isOver(); balance += 1) {
      writer.commit(player, balance);
      const reply = await calling.call(bytes);
      if (reply === undefined) counts.lost += 1;
      else {
        counts.rounds += 1;
        const answered = balanceIn(reply);
        if (answered < balance) counts.stale += 1;
        else if (answered !== balance) counts.wrong += 1;
      }
    }
    calling.close();
  }

  async function onlyCall(calling: Caller): Promise<void> {
    const bytes = callBytes({ player: "bystander" });
    while (!ending.signal.aborted) {
      if ((await calling.call(bytes)) !== undefined) counts.otherCalls += 1;
    }
  }

  const others = Array.from({ length: scene.others }, () => onlyCall(caller(target(false))));
  if (scene.beside === "import") others.push(importAgainAndAgain(server, ending.signal));
  await Promise.all(Array.from({ length: scene.committers }, (_, index) => commitAndCall(`p${index}`)));
  ending.abort();
  await Promise.all(others);
  return { ...counts, seconds: Math.round((performance.now() - startedMs) / 1000) };
}

async function operateScene(scene: FreshScene, certificates: Certificates | undefined): Promise<Operated> {
  const tls = certificates === undefined ? "" : '\ntls = { cert = "server.pem", key = "server.key" }';
  return await operate(
    {
      server: `workers = ${scene.workers}${tls}`,
      source: `plugin = "sqlite"\nfile = "balances.db"${scene.database === "query" ? `\nquery = "${QUERY}"` : ""}`,
      log: 'level = "warn"',
    },
    async (folder) => {
      for (const name of certificates === undefined ? [] : ["server.pem", "server.key"]) {
        copyFileSync(join(certificates?.directory ?? "", name), join(folder, name));
      }
      using database = await openToWrite(join(folder, "balances.db"));
      const insert = database.prepare(
        "INSERT INTO players (player_id, currency, balance_minor) VALUES (?, 'JPY', 0)",
      );
      insert.run("bystander");
      for (let index = 0; index < scene.committers; index += 1) insert.run(`p${index}`);
      const rows = Array.from({ length: IMPORTED_PLAYERS }, (_, index) => `imported${index},EUR,${index}`);
      writeFileSync(join(folder, "players.csv"), `player_id,currency,balance\n${rows.join("\n")}\n`);
    },
  );
}

interface Writer extends Disposable {
  /** Returns when the change is committed, and not before. */
  commit(player: string, balance: number): void;
}

/** Another program, as far as SQLite can tell: another process than the server. */
function openWriter(file: string, scene: FreshScene): Writer {
  if (!scene.reopens) return openLastingWriter(file, scene);
  return {
    commit(player, balance) {
      const database = openToCommit(file);
      database.run(UPDATE, [balance, player]);
      database.close(true);
    },
    [Symbol.dispose]() {},
  };
}

function openToCommit(file: string): Database {
  const database = new Database(file, { readwrite: true });
  database.run("PRAGMA busy_timeout = 10000");
  // A disk that keeps what is written is not what is looked at here, and it would be waited for at each commit.
  database.run("PRAGMA synchronous = OFF");
  return database;
}

function openLastingWriter(file: string, { beside }: FreshScene): Writer {
  const database = openToCommit(file);
  if (beside === "wraps") database.run(`PRAGMA wal_autocheckpoint = ${WRAP_PAGES}`);
  const update = database.prepare(UPDATE);
  const checkpoints = CHECKPOINTS.map((kind) => database.prepare(`PRAGMA wal_checkpoint(${kind})`));
  let commits = 0;
  return {
    commit(player, balance) {
      update.run(balance, player);
      commits += 1;
      if (beside !== "checkpoints" || commits % CHECKPOINT_EVERY !== 0) return;
      checkpoints[(commits / CHECKPOINT_EVERY) % checkpoints.length]?.get();
    },
    [Symbol.dispose]: () => database.close(),
  };
}

function balanceIn(reply: string): number {
  return Number(/"balance":"(\d+)"/.exec(reply)?.[1] ?? Number.NaN);
}

async function importAgainAndAgain({ folder }: Operated, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { exitCode, stderr } = await run(["players", "import", "players.csv"], { cwd: folder });
    if (exitCode !== 0) throw new Error(stderr);
  }
}
