import type { Socket } from "bun";

/** A link from a replica to its primary, which can be slow, silent or cut. */
interface SlowLink extends Disposable {
  readonly port: number;
  /** Whatever the primary sends is kept, and given on so fast. */
  limit(bytesPerSecond: number): void;
  /** From now on new connections are given so much of what the primary sends, and no more. */
  hushAfter(bytes: number): void;
  /** Ends the connections, and takes no others. */
  cut(): void;
  mend(): void;
}

const TICK_MS = 20;

interface Connection {
  readonly server: Promise<Socket>;
  /** What the primary has sent, and the replica has not been given. */
  kept: Buffer;
  leftBytes: number;
}

export function startSlowLink(primaryPort: number): SlowLink {
  const clients = new Set<Socket<Connection>>();
  let bytesPerTick = Infinity;
  let firstBytes = Infinity;
  let isCut = false;

  function give(client: Socket<Connection>): void {
    const { data: connection } = client;
    const length = Math.min(bytesPerTick, connection.leftBytes, connection.kept.length);
    const written = client.write(connection.kept.subarray(0, length));
    connection.kept = connection.kept.subarray(written);
    connection.leftBytes -= written;
  }

  const ticking = setInterval(() => {
    for (const client of clients) give(client);
  }, TICK_MS);
  const listener = Bun.listen<Connection>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(client) {
        if (isCut) {
          client.end();
          return;
        }
        const server = Bun.connect({
          hostname: "127.0.0.1",
          port: primaryPort,
          socket: {
            data(_server, bytes) {
              client.data.kept = Buffer.concat([client.data.kept, bytes]);
              if (bytesPerTick === Infinity) give(client);
            },
            close: () => void client.end(),
          },
        });
        client.data = { server, kept: Buffer.alloc(0), leftBytes: firstBytes };
        clients.add(client);
      },
      data: ({ data: { server } }, bytes) => void server.then((each) => each.write(bytes)),
      close(client) {
        if (clients.delete(client)) void client.data.server.then((each) => each.end());
      },
    },
  });
  return {
    port: listener.port,
    limit(bytesPerSecond) {
      bytesPerTick = (bytesPerSecond * TICK_MS) / 1000;
    },
    hushAfter(bytes) {
      isCut = false;
      firstBytes = bytes;
    },
    cut() {
      isCut = true;
      for (const client of clients) client.end();
    },
    mend() {
      isCut = false;
      bytesPerTick = Infinity;
      // What was hushed is not taken up again.
      if (firstBytes !== Infinity) for (const client of clients) client.end();
      firstBytes = Infinity;
    },
    [Symbol.dispose]() {
      clearInterval(ticking);
      listener.stop(true);
    },
  };
}
