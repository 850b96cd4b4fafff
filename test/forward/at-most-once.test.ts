import { expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import * as v from "valibot";
import { openCore } from "../../src/forward/exchange.ts";

/** By hand, as long as the machine lets it: `CALLS=100000 bun test test/forward/at-most-once.test.ts`. */
const CALLS = Number(process.env["CALLS"] ?? 3000);
const CALLERS = 50;
const MAX_BYTES = 65_536;

/** What the log says only if nothing was sent. */
const NEVER_SENT = /still connecting|connection refused/;

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}

/** What a core does with a call that has arrived; each is one way to answer, or not to. */
const WAYS: readonly ((socket: Socket, reply: string) => void | Promise<void>)[] = [
  (socket, reply) => void socket.end(reply),
  (socket, reply) => void socket.write(reply),
  (socket, reply) => void socket.write(reply, () => socket.resetAndDestroy()),
  (socket, reply) => void socket.end(reply.slice(0, below(reply.length))),
  (socket, reply) => void socket.write(reply.slice(0, below(reply.length)), () => socket.resetAndDestroy()),
  async (socket, reply) => {
    const at = below(reply.length);
    socket.write(reply.slice(0, at));
    await Bun.sleep(below(5));
    socket.write(reply.slice(at));
  },
  // Some of them after the deadline.
  async (socket, reply) => {
    await Bun.sleep(below(100));
    socket.write(reply);
  },
  (socket) => void socket.end(),
  (socket) => void socket.destroy(),
  (socket) => void socket.resetAndDestroy(),
  () => {},
];

function replyTo(id: string): string {
  return `{ "status_code":"OK", "id":"${id}", "padding":"${id.repeat(Number(id) % 400)}" }`;
}

/** The id and the length of the body, once a call's head is here. */
const HEAD = /^x-id: (\d+)\r$[^]*^content-length: (\d+)\r\n\r\n/im;

/** Counts the calls by their ids, whole ones or not, and answers the whole ones. */
function answerFickly(socket: Socket, arrivals: Map<string, number>): void {
  let received = "";
  let isKnown = false;
  socket.on("data", (bytes) => {
    received += bytes.toString("latin1");
    const head = HEAD.exec(received);
    const [, id, length] = head ?? [];
    if (head === null || id === undefined) return;
    if (!isKnown) arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
    isKnown = true;
    if (received.length < head.index + head[0].length + Number(length)) return;
    const body = replyTo(id);
    void WAYS[below(WAYS.length)]?.(
      socket,
      `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  });
}

async function startFickleCore() {
  const arrivals = new Map<string, number>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    const way = below(20);
    if (way === 0) socket.resetAndDestroy();
    else if (way === 1) socket.end();
    else answerFickly(socket, arrivals);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = v.parse(v.object({ port: v.number() }), server.address());
  return { url: new URL(`http://127.0.0.1:${port}/klas`), arrivals, close: () => server.close() };
}

test("a core that resets, closes, delays and cuts at random gets no call twice, and the log does not lie", async () => {
  const core = await startFickleCore();
  const { post } = openCore({ url: core.url, tls: undefined, timeoutMs: 60, maxResponseBytes: MAX_BYTES });
  const denied: string[] = [];
  const answered: string[] = [];
  const altered: string[] = [];
  let made = 0;
  async function call(): Promise<void> {
    while (made < CALLS) {
      const id = String(1_000_000 + (made += 1));
      const body = Buffer.alloc(below(4) === 0 ? below(MAX_BYTES) : 100, "bet ");
      const reply = await post("bet", { "x-id": id }, body);
      if (reply.received) {
        answered.push(id);
        if (Buffer.from(reply.body).toString() !== replyTo(id)) altered.push(id);
      } else if (NEVER_SENT.test(reply.problem)) denied.push(id);
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call));
  // What is on its way yet, arrives.
  await Bun.sleep(200);
  core.close();
  expect([...core.arrivals].filter(([, times]) => times > 1)).toEqual([]);
  expect(denied.filter((id) => core.arrivals.has(id))).toEqual([]);
  expect(answered.filter((id) => !core.arrivals.has(id))).toEqual([]);
  expect(altered).toEqual([]);
  expect(answered.length).toBeGreaterThan(CALLS / 10);
}, 3_600_000);
