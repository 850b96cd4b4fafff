import type { Socket } from "bun";

/** Something between the source and its server that at some time begins to mix up whose answer is whose. */
interface StaleProxy extends Disposable {
  readonly port: number;
  /** From now on each question on the connections that are open gets the answer to the one before. */
  beginToLag(): void;
}

interface Pair {
  server: Socket | undefined;
  unsent: Buffer[];
  /** The last answer, as it came. */
  last: Buffer;
  lags: boolean;
}

export function startStaleProxy(serverPort: number): StaleProxy {
  const pairs = new Set<Pair>();
  const listener = Bun.listen<Pair>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async open(client) {
        const pair: Pair = { server: undefined, unsent: [], last: Buffer.alloc(0), lags: false };
        client.data = pair;
        pairs.add(pair);
        pair.server = await Bun.connect({
          hostname: "127.0.0.1",
          port: serverPort,
          socket: {
            data(_server, bytes) {
              const sent = pair.lags ? pair.last : bytes;
              pair.last = Buffer.from(bytes);
              client.write(sent);
            },
            close: () => void client.end(),
          },
        });
        for (const bytes of pair.unsent.splice(0)) pair.server.write(bytes);
      },
      data({ data: pair }, bytes) {
        if (pair.server === undefined) pair.unsent.push(Buffer.from(bytes));
        else pair.server.write(bytes);
      },
      close: ({ data: pair }) => void pair.server?.end(),
    },
  });
  return {
    port: listener.port,
    beginToLag() {
      for (const pair of pairs) pair.lags = true;
    },
    [Symbol.dispose]: () => listener.stop(true),
  };
}
