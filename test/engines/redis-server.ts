import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RedisClient } from "bun";
import { freePort } from "./free-port.ts";
import { freeze } from "./process-tree.ts";

/** A Redis of the test's own, Debian's, with which everything may be done. */
export interface RedisServer {
  readonly port: number;
  readonly socket: string;
  start(): Promise<void>;
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): void;
  /** Runs one command as the default user. */
  run(...words: readonly [string, ...string[]]): Promise<unknown>;
}

const started = new Set<{ readonly kill: () => Promise<void> }>();
const folders: string[] = [];

/** Ends every server and sentinel of this process, and removes what belongs to them. */
export async function endRedis(): Promise<void> {
  await Promise.all(Array.from(started, (server) => server.kill()));
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

/** Starts one. It forgets everything when it ends. */
export async function startRedis(...settings: readonly string[]): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-redis-"));
  folders.push(folder);
  const port = freePort();
  const socket = join(folder, "socket");
  const fixed = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--save",
    "",
    "--unixsocket",
    socket,
  ];
  let child: Bun.Subprocess | undefined;
  const server: RedisServer = {
    port,
    socket,
    async start() {
      child = Bun.spawn(["redis-server", ...fixed, ...settings], { stdout: "ignore", stderr: "ignore" });
      // It listens on its ports first, and on its socket last.
      await listening(socket);
    },
    async kill() {
      child?.kill("SIGKILL");
      await child?.exited;
    },
    async freeze() {
      if (child !== undefined) await freeze(child.pid);
    },
    thaw: () => child?.kill("SIGCONT"),
    async run(name, ...words) {
      // By the socket, which no password or protection is asked for at.
      const client = new RedisClient(`redis+unix://${socket}`, { autoReconnect: false });
      try {
        return await client.send(name, words);
      } finally {
        client.close();
      }
    },
  };
  started.add(server);
  await server.start();
  return server;
}

/** Watches a master, and makes another server the master soon after that one is gone. Returns its port. */
export async function startSentinel(master: RedisServer, ...settings: readonly string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "klas-balance-sentinel-"));
  folders.push(folder);
  const port = freePort();
  const file = join(folder, "sentinel.conf");
  writeFileSync(
    file,
    `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor casino 127.0.0.1 ${master.port} 1
sentinel down-after-milliseconds casino 500
sentinel failover-timeout casino 3000
${settings.join("\n")}
`,
  );
  const child = Bun.spawn(["redis-server", file, "--sentinel"], { stdout: "ignore", stderr: "ignore" });
  started.add({
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
  });
  await listening(port);
  return port;
}

/** A server that has just been started does not listen at once, on a socket or on a port. */
async function listening(place: string | number): Promise<void> {
  const socket = { data() {} };
  for (let attempt = 1; attempt <= 500; attempt += 1) {
    try {
      const connection =
        typeof place === "string"
          ? await Bun.connect({ unix: place, socket })
          : await Bun.connect({ hostname: "127.0.0.1", port: place, socket });
      connection.end();
      return;
    } catch {
      await Bun.sleep(10);
    }
  }
  throw new Error(`nothing listens at ${place}`);
}
