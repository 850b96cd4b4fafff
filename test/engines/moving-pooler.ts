import type { Socket } from "bun";

/** Something like a pooler: it leads all connections to one of its servers, and those that are open along to another. */
interface MovingPooler extends Disposable {
  readonly port: number;
  /** From the next transaction on, the server of this place answers. */
  leadTo(place: number): Promise<void>;
}

/** A connection to each server, and how many packets each one has answered with. */
interface Bundle {
  readonly servers: Promise<readonly Socket[]>;
  readonly packets: number[];
}

/**
 * Every server gets all that a client sends, its login and its prepared statements, too; one of them is heard. They must
 * be of one make, and let the user in without a password. A server numbers the prepared statements of all its
 * connections from its start on: so they must just have been started, and be used by one connection at a time.
 */
export function startMovingPooler(...serverPorts: readonly number[]): MovingPooler {
  const bundles = new Set<Bundle>();
  let heard = 0;

  async function connect(client: Socket<Bundle>, place: number, port: number): Promise<Socket> {
    const countIn = packetCounter();
    return await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data(_server, bytes) {
          if (place === heard) client.write(bytes);
          client.data.packets[place] = (client.data.packets[place] ?? 0) + countIn(bytes);
        },
        close: () => void client.end(),
      },
    });
  }

  const listener = Bun.listen<Bundle>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(client) {
        const servers = serverPorts.map((port, place) => connect(client, place, port));
        client.data = { servers: Promise.all(servers), packets: serverPorts.map(() => 0) };
        bundles.add(client.data);
      },
      async data({ data: { servers } }, bytes) {
        const copy = Buffer.from(bytes);
        for (const server of await servers) server.write(copy);
      },
      close({ data: bundle }) {
        bundles.delete(bundle);
        void bundle.servers.then((servers) => servers.forEach((server) => server.end()));
      },
    },
  });
  return {
    port: listener.port,
    async leadTo(place) {
      while (!areEven(bundles)) await Bun.sleep(5);
      heard = place;
    },
    [Symbol.dispose]: () => listener.stop(true),
  };
}

/** Whether all servers of each connection have answered all that they were asked. */
function areEven(bundles: ReadonlySet<Bundle>): boolean {
  return Array.from(bundles).every(({ packets }) => new Set(packets).size === 1);
}

/** Counts the packets of which the last byte is there. Each begins with its length, in three bytes, and its number. */
function packetCounter(): (bytes: Uint8Array) => number {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    let count = 0;
    for (let end: number; rest.length >= 4 && (end = 4 + rest.readUIntLE(0, 3)) <= rest.length; count += 1)
      rest = rest.subarray(end);
    return count;
  };
}
