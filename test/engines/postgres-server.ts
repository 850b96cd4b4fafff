import {
  cpSync,
  existsSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { freePort } from "./free-port.ts";
import { postgresFolder, removePostgres, serverUser } from "./postgres-programs.ts";
import { freeze, signalAll, signalChildren } from "./process-tree.ts";

/** How long a server may take to be ready on a machine that does other things, too. */
const PATIENCE_MS = 30_000;

/** The owner of everything; the sources under test are given users of their own. */
const SUPERUSER = "owner";

const SETTINGS = {
  listen_addresses: "127.0.0.1",
  fsync: "off",
  max_connections: "200",
  shared_buffers: "16MB",
  wal_level: "replica",
  log_min_messages: "fatal",
};

type Settings = Readonly<Record<string, string>>;

/** A PostgreSQL of the test's own, with which everything may be done. */
export interface PostgresServer {
  readonly port: number;
  /** What it was given as data directory, where its socket is, too. */
  readonly folder: string;
  start(): Promise<void>;
  /** Ends it: `SIGINT` at once but in order, `SIGKILL` as a power cut does, `SIGQUIT` as its own crash. */
  end(signal?: "SIGINT" | "SIGKILL" | "SIGQUIT"): Promise<void>;
  /** Stops all its processes where they are, as a machine that hangs; connections stay open. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Runs statements as the superuser, in one round trip without parameters. */
  run(statements: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  /** Writes a file into its folder that only it can read. */
  put(name: string, text: string): void;
  /** Makes a database that the user `klas` owns, unless it is there. */
  database(name: string): Promise<void>;
  /** A server that follows this one, which is stopped meanwhile, by way of the given port if there is one. */
  replica(by?: { readonly port?: number; readonly settings?: Settings }): Promise<PostgresServer>;
}

/** All that were started: what a test leaves is ended after the last one. */
const started = new Set<PostgresServer>();

/** Ends every server of this process, and removes what belongs to them. */
export async function endPostgres(): Promise<void> {
  await Promise.all(Array.from(started, (server) => server.end("SIGKILL")));
  removePostgres();
}

let shared: Promise<PostgresServer> | undefined;

/** The one that tests share which do nothing to it. */
export function sharedPostgres(): Promise<PostgresServer> {
  shared ??= startPostgres();
  return shared;
}

/** Starts a new one. */
export async function startPostgres(settings: Settings = {}): Promise<PostgresServer> {
  const folder = newFolder();
  cpSync(emptyCluster(), folder, { recursive: true, preserveTimestamps: true });
  own(folder);
  const server = serverOf(folder, settings);
  await server.start();
  return server;
}

function serverOf(folder: string, settings: Settings): PostgresServer {
  const port = freePort();
  let child: Bun.Subprocess | undefined;

  async function start(): Promise<void> {
    const all = { ...SETTINGS, ...settings, port: String(port), unix_socket_directories: folder };
    const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    child = Bun.spawn([join(postgresFolder(), "bin/postgres"), "-D", folder, ...flags], {
      ...asServerUser(),
      stdout: "ignore",
      stderr: Bun.file(join(folder, "log")),
    });
    await answers(() => run("SELECT 1"), child);
  }

  async function end(signal: "SIGINT" | "SIGKILL" | "SIGQUIT" = "SIGINT"): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // A power cut ends all of them; the death of the first alone would leave its children to answer on.
    if (signal === "SIGKILL") signalChildren(child.pid, signal);
    child.kill(signal);
    await child.exited;
    // The one that was killed has left its lock behind.
    rmSync(join(folder, "postmaster.pid"), { force: true });
  }

  async function run(statements: string, database = "postgres"): Promise<readonly Record<string, unknown>[]> {
    await using sql = superuser(port, database);
    const rows = await sql.unsafe<Record<string, unknown>[]>(statements).simple();
    // A plain list, without what the driver adds.
    return Array.from(rows, (row) => ({ ...row }));
  }

  const server: PostgresServer = {
    port,
    folder,
    start,
    end,
    run,
    put(name, text) {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      own(folder);
    },
    async database(name) {
      const found = await run(`SELECT FROM pg_database WHERE datname = '${name}'`);
      if (found.length > 0) return;
      await run(`DO $$ BEGIN CREATE ROLE klas LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
      await run(`CREATE DATABASE ${name} OWNER klas`);
    },
    async freeze() {
      if (child !== undefined) await freeze(child.pid);
    },
    thaw: () => child !== undefined && signalAll(child.pid, "SIGCONT"),
    async replica(by = {}) {
      await end();
      const copy = newFolder();
      cpSync(folder, copy, { recursive: true });
      writeFileSync(join(copy, "standby.signal"), "");
      own(copy);
      await start();
      const conninfo = `host=127.0.0.1 port=${by.port ?? port} user=${SUPERUSER}`;
      const follower = serverOf(copy, { ...settings, primary_conninfo: conninfo, ...by.settings });
      await follower.start();
      return follower;
    },
  };
  started.add(server);
  return server;
}

function superuser(port: number, database: string): SQL {
  const address = { hostname: "127.0.0.1", port, username: SUPERUSER, password: "", database };
  return new SQL({ adapter: "postgres", ...address, tls: false, max: 1 });
}

async function answers(attempt: () => Promise<unknown>, child: Bun.Subprocess): Promise<void> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (child.exitCode !== null || performance.now() > giveUpMs) throw error;
    }
    await Bun.sleep(20);
  }
}

function newFolder(): string {
  const folder = mkdtempSync(join(postgresFolder(), "clusters", "c-"));
  own(folder);
  return folder;
}

/** A cluster that nobody has used, made once, and only whole. */
function emptyCluster(): string {
  const finished = join(postgresFolder(), "clusters", "empty");
  if (existsSync(finished)) return finished;
  const folder = join(newFolder(), "new");
  const initdb = join(postgresFolder(), "bin/initdb");
  const flags = [
    "--username",
    SUPERUSER,
    "--auth=trust",
    "--no-sync",
    "--encoding=UTF8",
    "--locale=C",
    "-D",
    folder,
  ];
  const { exitCode, stderr } = Bun.spawnSync([initdb, ...flags], asServerUser());
  if (exitCode !== 0) throw new Error(`initdb failed: ${stderr.toString()}`);
  renameSync(folder, finished);
  return finished;
}

/** A folder that the server's user may enter, and be owner of. */
function own(folder: string): void {
  if (serverUser.uid === undefined) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    lchownSync(join(folder, name), serverUser.uid, serverUser.gid);
  lchownSync(folder, serverUser.uid, serverUser.gid);
}

/** The root of the file system is a folder that everybody may enter. */
function asServerUser() {
  return { ...serverUser, cwd: "/", env: { LC_ALL: "C", PATH: "/usr/bin:/bin" } };
}
