import { chmodSync, chownSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { postgresFolder, serverUser } from "./postgres-programs.ts";
import type { PostgresServer } from "./postgres-server.ts";

/** Debian's pooler in transaction mode, with few connections to a server, so that everybody shares them. */
export interface PgBouncer {
  readonly port: number;
  start(): Promise<void>;
  end(): Promise<void>;
}

export async function startPgBouncer(
  server: PostgresServer,
  { poolSize = 2, further = "" } = {},
): Promise<PgBouncer> {
  const folder = mkdtempSync(join(postgresFolder(), "clusters", "pgbouncer-"));
  const port = freePort();
  const config = join(folder, "pgbouncer.ini");
  writeFileSync(
    config,
    `[databases]
* = host=127.0.0.1 port=${server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${join(folder, "users")}
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
${further}
`,
  );
  writeFileSync(join(folder, "users"), '"klas" ""\n');
  chmodSync(folder, 0o755);
  if (serverUser.uid !== undefined) chownSync(folder, serverUser.uid, serverUser.gid);
  let child: Bun.Subprocess | undefined;
  const pooler: PgBouncer = {
    port,
    async start() {
      child = Bun.spawn(["/usr/sbin/pgbouncer", "-q", config], {
        ...serverUser,
        cwd: "/",
        stdout: "ignore",
        stderr: Bun.file(join(folder, "log")),
      });
      await listening(port, child);
    },
    async end() {
      child?.kill("SIGKILL");
      await child?.exited;
    },
  };
  await pooler.start();
  return pooler;
}

/** Waits until something accepts connections there. */
async function listening(port: number, child: Bun.Subprocess): Promise<void> {
  for (let attempt = 1; attempt <= 500 && child.exitCode === null; attempt += 1) {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.end();
      return;
    } catch {
      await Bun.sleep(10);
    }
  }
  throw new Error(`nothing listens on port ${port}`);
}
