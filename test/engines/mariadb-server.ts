import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQL } from "bun";
import { freePort } from "./free-port.ts";
import { serverUser } from "./postgres-programs.ts";
import { freeze, signalAll } from "./process-tree.ts";

const PATIENCE_MS = 30_000;

/** A MariaDB of the test's own, Debian's, with which everything may be done. */
export interface MariaDbServer {
  readonly port: number;
  start(): Promise<void>;
  end(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  freeze(): Promise<void>;
  thaw(): void;
  /** Runs statements as root, one after the other. */
  run(...statements: readonly string[]): Promise<readonly unknown[]>;
}

const started = new Set<MariaDbServer>();
const folders: string[] = [];

/** Ends every server of this process, and removes what belongs to them. */
export async function endMariaDb(): Promise<void> {
  await Promise.all(Array.from(started, (server) => server.end("SIGKILL")));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** Starts a new one, with a user `klas` who may read the database `casino`. */
export async function startMariaDb(...settings: readonly string[]): Promise<MariaDbServer> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-mariadb-"));
  folders.push(folder);
  chmodSync(folder, 0o755);
  if (serverUser.uid !== undefined) chownSync(folder, serverUser.uid, serverUser.gid);
  const options = { ...serverUser, cwd: "/", env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", TMPDIR: folder } };
  const datadir = `--datadir=${join(folder, "data")}`;
  const install = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", datadir];
  const { exitCode, stderr } = Bun.spawnSync(["mariadb-install-db", ...install], options);
  if (exitCode !== 0) throw new Error(`mariadb-install-db failed: ${stderr.toString()}`);
  const port = freePort();
  let child: Bun.Subprocess | undefined;

  async function run(...statements: readonly string[]): Promise<readonly unknown[]> {
    const address = { hostname: "127.0.0.1", port, username: "root", password: "", database: "mysql" };
    await using root = new SQL({ adapter: "mysql", ...address, tls: "disable", max: 1 });
    let rows: readonly unknown[] = [];
    for (const statement of statements) rows = Array.from(await root.unsafe<unknown[]>(statement));
    return rows;
  }

  async function start(): Promise<void> {
    const flags = [
      "--no-defaults",
      datadir,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--skip-name-resolve",
      `--socket=${join(folder, "socket")}`,
      `--pid-file=${join(folder, "pid")}`,
      "--innodb-flush-log-at-trx-commit=0",
      "--innodb-buffer-pool-size=32M",
      ...settings,
    ];
    const log = Bun.file(join(folder, "log"));
    child = Bun.spawn(["/usr/sbin/mariadbd", ...flags], { ...options, stdout: "ignore", stderr: log });
    const giveUpMs = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await run("SELECT 1");
        return;
      } catch (error) {
        if (child.exitCode !== null || performance.now() > giveUpMs) throw error;
        await Bun.sleep(20);
      }
    }
  }

  const server: MariaDbServer = {
    port,
    start,
    run,
    async end(signal = "SIGTERM") {
      child?.kill(signal);
      await child?.exited;
    },
    async freeze() {
      if (child !== undefined) await freeze(child.pid);
    },
    thaw: () => child !== undefined && signalAll(child.pid, "SIGCONT"),
  };
  started.add(server);
  await start();
  await run(
    "CREATE DATABASE casino",
    "CREATE USER klas@'127.0.0.1'",
    "GRANT SELECT ON casino.* TO klas@'127.0.0.1'",
  );
  return server;
}
