import type { Socket } from "bun";

/** Something between the source and its server that at some time begins to mix up whose answer is whose. */
interface StaleProxy extends Disposable {
  readonly port: number;
  /** From now on each question on the connections that are open gets the answer to the one before. */
  beginToLag(): void;
}

/** What a client sends within this time is one question: it may be written in several pieces. */
const QUESTION_MS = 20;

interface Pair {
  server: Socket | undefined;
  /** What the client has sent and the server has not been asked yet. */
  question: Buffer[];
  /** What the server has sent since the last question. */
  answer: Buffer[];
  lags: boolean;
}

export function startStaleProxy(serverPort: number): StaleProxy {
  const pairs = new Set<Pair>();

  function pass(pair: Pair, client: Socket<Pair>): void {
    if (pair.lags) client.write(Buffer.concat(pair.answer));
    pair.answer = [];
    pair.server?.write(Buffer.concat(pair.question.splice(0)));
  }

  const listener = Bun.listen<Pair>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      async open(client) {
        const pair: Pair = { server: undefined, question: [], answer: [], lags: false };
        client.data = pair;
        pairs.add(pair);
        pair.server = await Bun.connect({
          hostname: "127.0.0.1",
          port: serverPort,
          socket: {
            data(_server, bytes) {
              pair.answer.push(Buffer.from(bytes));
              if (!pair.lags) client.write(bytes);
            },
            close: () => void client.end(),
          },
        });
      },
      data(client, bytes) {
        const { question } = client.data;
        if (question.length === 0) setTimeout(() => pass(client.data, client), QUESTION_MS);
        question.push(Buffer.from(bytes));
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
