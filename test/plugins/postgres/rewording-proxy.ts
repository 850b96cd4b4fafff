import type { Socket } from "bun";

/** Something between the source and its server that changes some words of what the server is asked. */
interface RewordingProxy extends Disposable {
  readonly port: number;
}

/** Both texts are of one length, so that the lengths in the protocol stay right. */
export function startRewordingProxy(serverPort: number, words: string, others: string): RewordingProxy {
  const listener = Bun.listen<{ readonly server: Promise<Socket> }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(client) {
        const server = Bun.connect({
          hostname: "127.0.0.1",
          port: serverPort,
          socket: { data: (_server, bytes) => void client.write(bytes), close: () => void client.end() },
        });
        client.data = { server };
      },
      async data({ data: { server } }, bytes) {
        const reworded = bytes.toString("latin1").replaceAll(words, others);
        (await server).write(Buffer.from(reworded, "latin1"));
      },
      close: ({ data: { server } }) => void server.then((each) => each.end()),
    },
  });
  return { port: listener.port, [Symbol.dispose]: () => listener.stop(true) };
}
