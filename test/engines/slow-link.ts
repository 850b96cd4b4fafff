import { connect, createServer, type Socket } from "node:net";

/** A way to a server on loopback that may be slow, may hang, and may lead somewhere else. */
export interface Link extends Disposable {
  readonly port: number;
  /** What the server sends arrives at this pace; 0 is a link that hangs. */
  bytesPerSecond: number;
  /** Where connections that are made from then on lead. */
  leadsTo: number;
  /** Ends the connections that were made so far, or the nth of them. */
  cut(nth?: number): void;
}

const TICK_MS = 10;

export async function startLink(serverPort: number): Promise<Link> {
  const clients: Socket[] = [];
  const server = createServer((client) => {
    const upstream = connect(link.leadsTo, "127.0.0.1");
    clients.push(client);
    for (const socket of [client, upstream]) socket.on("error", () => {});
    client.pipe(upstream);
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
    pour(upstream, client).catch(() => client.destroy());
  });

  async function pour(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length && !to.destroyed;) {
        const piece = Math.min(chunk.length - at, Math.ceil((link.bytesPerSecond * TICK_MS) / 1000));
        if (piece > 0) to.write(chunk.subarray(at, at + piece));
        at += piece;
        if (link.bytesPerSecond < Infinity) await Bun.sleep(TICK_MS);
      }
    }
  }

  const link: Link = {
    port: 0,
    bytesPerSecond: Infinity,
    leadsTo: serverPort,
    cut(nth) {
      for (const client of nth === undefined ? clients : clients.slice(nth, nth + 1)) client.destroy();
    },
    [Symbol.dispose]() {
      link.cut();
      server.close();
    },
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return Object.assign(link, { port: address.port });
}
