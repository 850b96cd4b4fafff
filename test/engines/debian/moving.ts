import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPlayers } from "../../plugins/postgres/own-players.ts";
import { startPostgres } from "../postgres-server.ts";

const SLOW_MS = 60_000;
const DATABASE = "moving";

test(
  "a new connection goes to where the name of its host is now, although the runtime remembers where it was",
  async () => {
    const [first, second] = [await startPostgres(), await startPostgres()];
    await ownPlayers(first, DATABASE, { "12001": 1n });
    await ownPlayers(second, DATABASE, { "12001": 2n });
    // The other address, at the port that the options name.
    using _ = forward({ from: { hostname: "127.0.0.2", port: first.port }, to: second.port });
    const folder = mkdtempSync(join(tmpdir(), "klas-balance-moving-"));
    try {
      const hosts = join(folder, "hosts");
      writeFileSync(hosts, "");
      const asker = `mount --bind ${hosts} /etc/hosts && exec ${process.execPath} ${join(import.meta.dir, "moving-asker.ts")} ${first.port} ${DATABASE} ${hosts}`;
      const child = Bun.spawn(["unshare", "--mount", "sh", "-c", asker], {
        stdout: "pipe",
        stderr: "inherit",
      });
      expect(await child.stdout.text()).toBe("1 2 1 ");
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
  SLOW_MS,
);

interface Forwarded {
  readonly from: { readonly hostname: string; readonly port: number };
  readonly to: number;
}

function forward({ from, to }: Forwarded): Disposable {
  const listener = Bun.listen<{ server: Promise<Bun.Socket> }>({
    ...from,
    socket: {
      open(client) {
        const socket = {
          data: (_server: unknown, bytes: Buffer) => void client.write(bytes),
          close: () => void client.end(),
        };
        client.data = { server: Bun.connect({ hostname: "127.0.0.1", port: to, socket }) };
      },
      async data({ data }, bytes) {
        (await data.server).write(bytes);
      },
      async close({ data }) {
        (await data.server).end();
      },
    },
  });
  return { [Symbol.dispose]: () => listener.stop(true) };
}
