import { afterAll, beforeAll, expect, test } from "bun:test";
import type { Socket } from "node:net";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { http, startCore } from "./core.ts";
import { openSource } from "./source.ts";

/** By hand, as long as the machine lets it: `CALLS=200000 bun test test/plugins/rest/astray.test.ts`. */
const CALLS = Number(process.env["CALLS"] ?? 3000);
const CALLERS = 32;

/** The player that a request asks for; a core that answers with its id as the balance answers nobody else. */
function askedFor(request: string): string {
  return /^GET \/(\d+) /.exec(request)?.[1] ?? "";
}

/** Each is one way to answer, or not to. Whoever gets a balance must get the one of the player that was asked for. */
const WAYS: readonly ((socket: Socket, player: string, body: string) => void | Promise<void>)[] = [
  (socket, _player, body) => void socket.write(http(200, body)),
  (socket, _player, body) => void socket.write(http(200, body)),
  async (socket, _player, body) => {
    await Bun.sleep(Math.random() * 10);
    socket.write(http(200, body));
  },
  // After the deadline of the call.
  async (socket, _player, body) => {
    await Bun.sleep(60 + Math.random() * 20);
    socket.write(http(200, body));
  },
  // In pieces.
  async (socket, _player, body) => {
    const text = http(200, body);
    const at = Math.floor(Math.random() * text.length);
    socket.write(text.slice(0, at));
    await Bun.sleep(Math.random() * 4);
    socket.write(text.slice(at));
  },
  (socket, _player, body) =>
    void socket.write(
      `HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n1\r\n${body[0]}\r\n${(body.length - 1).toString(16)}\r\n${body.slice(1)}\r\n0\r\n\r\n`,
    ),
  (socket, _player, body) => void socket.end(`HTTP/1.1 200 X\r\n\r\n${body}`),
  (socket, _player, body) => void socket.end(http(200, body)),
  (socket, _player, body) => void socket.write(http(200, body, { connection: "close" })),
  // One too many, of nobody, in the same breath.
  (socket, _player, body) => void socket.write(http(200, body) + http(200, '{"balance":0}')),
  // More or less than it says.
  (socket, _player, body) => void socket.write(http(200, body, { "content-length": body.length - 2 })),
  (socket, _player, body) => void socket.end(http(200, body, { "content-length": body.length + 2 })),
  (socket, _player, body) => void socket.end(http(200, body).slice(0, -2)),
  (socket) => void socket.resetAndDestroy(),
  (socket, _player, body) =>
    void socket.write(http(200, body).slice(0, -3), () => setTimeout(() => socket.resetAndDestroy(), 1)),
  (socket, _player, body) => void socket.write(`HTTP/1.1 100 Continue\r\n\r\n${http(200, body)}`),
  (socket) => void socket.write(http(503, "later")),
  (socket) => void socket.write(http(404, "nobody, and a long word on that")),
  // Closes as the next call may be on its way.
  (socket, _player, body) => void socket.write(http(200, body), () => setTimeout(() => socket.destroy(), 1)),
];

let certificates: Certificates;
beforeAll(async () => {
  certificates = await makeCertificates();
  await certificates.issue("server", "IP:127.0.0.1");
});
afterAll(() => certificates[Symbol.asyncDispose]());

async function ofServer() {
  return { cert: await certificates.read("server.pem"), key: await certificates.read("server.key") };
}

test.each([
  ["in plain HTTP", false],
  ["behind TLS", true],
])(
  "a core %s that answers out of order, late, in part, or not: nobody gets another player's balance",
  async (_how, isSecure) => {
    await using core = await startCore(
      (socket, request) => {
        const way = WAYS[Math.floor(Math.random() * WAYS.length)];
        const player = askedFor(request);
        void way?.(socket, player, `{"balance":${player},"padding":"${"x".repeat(Math.random() * 300)}"}`);
      },
      isSecure ? await ofServer() : undefined,
    );
    const url = `${core.url}/{player_id}`;
    const trusting = isSecure ? { tls: { ca: "ca.pem" } } : {};
    const options = { url, balance: "/balance", breaker: { failures: 1000 }, ...trusting };
    const { lookup } = await openSource(options, isSecure ? 150 : 50, certificates.directory);
    let asked = 0;
    let answered = 0;
    const wrong: string[] = [];
    async function ask(): Promise<void> {
      while (asked < CALLS) {
        const playerId = String(1_000_000 + (asked += 1));
        core.requests.length = 0;
        const result = await lookup({ playerId }).catch(() => undefined);
        if (result === null || result === undefined) continue;
        answered += 1;
        if (!("balance" in result) || result.balance !== playerId)
          wrong.push(JSON.stringify({ playerId, result }));
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, ask));
    expect(wrong).toEqual([]);
    expect(answered).toBeGreaterThan(CALLS / 4);
  },
  3_600_000,
);

test("a core that closes a kept connection as it is used again: 1,000 times asked once more, and answered right", async () => {
  let resets = 0;
  await using core = await startCore((socket, request) => {
    const player = askedFor(request);
    socket.write(http(200, `{"balance":${player}}`), () => {
      // Some before the next call is written, some while it is on its way.
      const close = () => {
        resets += 1;
        if (Number(player) % 2 === 0) socket.destroy();
        else socket.resetAndDestroy();
      };
      if (Number(player) % 3 === 0) setImmediate(close);
      else if (Number(player) % 3 === 1) setTimeout(close, 1);
      else socket.once("data", close);
    });
  });
  const { lookup } = await openSource(
    { url: `${core.url}/{player_id}`, balance: "/balance", retries: 10, breaker: { failures: 1 } },
    5000,
  );
  for (let calls = 1; calls <= 1000; calls += 1) {
    core.requests.length = 0;
    const playerId = String(calls);
    expect(await lookup({ playerId })).toEqual({ balance: playerId });
    if (calls % 5 === 0) await Bun.sleep(1);
  }
  expect(resets).toBeGreaterThan(500);
}, 60_000);
