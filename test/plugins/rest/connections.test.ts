import { describe, expect, test } from "bun:test";
import { openConnections } from "../../../plugins/rest/connections.ts";
import { requestWriter } from "../../../plugins/shared/http/request-bytes.ts";
import type { LookupResult } from "../../../src/plugin.ts";
import { http, startCore, type Behaviour } from "./core.ts";
import { failure, openSource, type Input } from "./source.ts";

/** The player that a request asks for, whose balance is the id itself. */
function answerTo(request: string): string {
  const id = /^GET \/(\w+) /.exec(request)?.[1] ?? "";
  const requestId = /^x-request-id: (.*)$/im.exec(request)?.[1]?.trim() ?? "";
  return http(200, JSON.stringify({ player: { id }, balance: id }), { "x-request-id": requestId });
}

const answer: Behaviour = (socket, request) => void socket.write(answerTo(request));

/** Answers rightly, and each 10th time once more, when the next question is already on its way. */
const answerTwice: Behaviour = async (socket, request, nth) => {
  await Bun.sleep(10);
  socket.write(answerTo(request));
  if (nth % 10 !== 0) return;
  await Bun.sleep(3);
  if (!socket.destroyed) socket.write(answerTo(request));
};

describe("a core that sends an answer too many", () => {
  const protections: readonly Partial<Input>[] = [
    { echo: "/player/id" },
    { echo_header: "X-Request-Id" },
    { connections: "fresh" },
  ];

  test.each(protections)("nobody gets another player's balance with %j", async (protection) => {
    await using core = await startCore(answerTwice);
    const source = await openSource(
      { url: `${core.url}/{player_id}`, balance: "/balance", retries: 0, ...protection },
      5000,
    );
    const refusals: string[] = [];
    let foreign = 0;
    let asked = 0;
    async function ask(): Promise<void> {
      while (asked < 200) {
        const playerId = `${1000 + (asked += 1)}`;
        await source.lookup({ playerId, requestId: `request-${playerId}` }).then(
          (result) => void (foreign += Bun.deepEquals(result, { balance: playerId }) ? 0 : 1),
          (error: Error) => void refusals.push(error.message),
        );
      }
    }
    await Promise.all([ask(), ask(), ask(), ask()]);
    expect(foreign).toBe(0);

    const warnings = source.lines.filter((line) => line.startsWith("warn"));
    if (protection.connections === "fresh") {
      expect(refusals).toEqual([]);
      expect(core.connections()).toBe(200);
      return;
    }
    expect(source.counts.get("wrong_echo")).toBeGreaterThan(0);
    expect(warnings).toEqual([
      "warn the core gave an answer to another question; its connections are given up",
    ]);
    expect(refusals).toContain(
      protection.echo === undefined
        ? "the answer is to another call, by its header X-Request-Id (echo_header)"
        : "the answer is about another player, by what is at /player/id (echo)",
    );
  });

  test("a wrong echo gives up the connections that wait for work, too", async () => {
    let isAstray = false;
    await using core = await startCore(async (socket, request) => {
      await Bun.sleep(20);
      socket.write(isAstray ? answerTo("GET /other HTTP/1.1") : answerTo(request));
    });
    const source = await openSource({
      url: `${core.url}/{player_id}`,
      balance: "/balance",
      echo: "/player/id",
    });
    await Promise.all([source.lookup(), source.lookup(), source.lookup()]);
    expect(core.openSockets()).toBe(3);
    isAstray = true;
    await failure(source.lookup());
    while (core.openSockets() > 0) await Bun.sleep(2);
    isAstray = false;
    expect(await source.lookup()).toEqual({ balance: "12001" });
    expect(core.connections()).toBe(4);
  });

  test("bytes on a connection that waits for work end it", async () => {
    await using core = await startCore(async (socket, request, nth) => {
      socket.write(answerTo(request));
      if (nth > 1) return;
      await Bun.sleep(20);
      socket.write(answerTo(request));
    });
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance" });
    await source.lookup({ playerId: "1" });
    while (core.openSockets() > 0) await Bun.sleep(2);
    expect(await source.lookup({ playerId: "2" })).toEqual({ balance: "2" });
  });
});

describe("what an answer shows of whose it is", () => {
  const byPointer = { echo: "/player/id" };
  const byHeader = { echo_header: "X-Request-Id" };

  test.each<[Partial<Input>, string, string]>([
    [
      byPointer,
      http(200, '{"balance":1}'),
      "200, but no player id at /player/id (echo); the document has: /balance",
    ],
    [
      byPointer,
      http(200, '{"player":{"id":12002},"balance":1}'),
      "the answer is about another player, by what is at /player/id (echo)",
    ],
    [
      byPointer,
      http(200, '{"player":{"id":"12001 "},"balance":1}'),
      "the answer is about another player, by what is at /player/id (echo)",
    ],
    [byHeader, http(200, '{"balance":1}'), "the answer has no header X-Request-Id (echo_header)"],
    [byHeader, http(404), "the answer has no header X-Request-Id (echo_header)"],
    [
      byHeader,
      http(404, "", { "x-request-id": "other" }),
      "the answer is to another call, by its header X-Request-Id (echo_header)",
    ],
    [
      { ...byPointer, not_found: { pointer: "/code", equals: "NO_PLAYER" } },
      http(200, '{"code":"NO_PLAYER","player":{"id":"other"}}'),
      "the answer is about another player, by what is at /player/id (echo)",
    ],
  ])("%j refuses %j", async (options, response, message) => {
    await using core = await startCore((socket) => void socket.write(response));
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", ...options });
    expect(await failure(source.lookup())).toBe(message);
    // Whatever shares the connection may be astray as well.
    while (core.openSockets() > 0) await Bun.sleep(2);
  });

  test.each<[Partial<Input>, string, LookupResult]>([
    [byPointer, http(200, '{"player":{"id":12001},"balance":1}'), { balance: "1" }],
    [byPointer, http(404), null],
    [byHeader, http(200, '{"balance":1}', { "X-REQUEST-ID": "request-1" }), { balance: "1" }],
    [
      { ...byPointer, format: "xml", echo: "/r/id", balance: "/r/b" },
      http(200, "<r><id> 12001 </id><b>1</b></r>"),
      { balance: "1" },
    ],
    [
      { ...byPointer, not_found: { pointer: "/code", equals: "NO_PLAYER" } },
      http(200, '{"code":"NO_PLAYER"}'),
      null,
    ],
  ])("%j takes %j", async (options, response, result) => {
    await using core = await startCore((socket) => void socket.write(response));
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance", ...options });
    expect(await source.lookup()).toEqual(result);
  });
});

describe("a connection serves one call only", () => {
  test.each<[string, string]>([
    ["204", "HTTP/1.1 204 X\r\n\r\n"],
    ["204 with a Content-Length", "HTTP/1.1 204 X\r\ncontent-length: 13\r\n\r\n"],
    ["304 with a Content-Length", "HTTP/1.1 304 X\r\ncontent-length: 13\r\n\r\n"],
    ["204 with a body", `HTTP/1.1 204 X\r\ncontent-length: 13\r\n\r\n{"balance":9}`],
    ["100 and no more", "HTTP/1.1 100 X\r\n\r\n"],
    ["101", "HTTP/1.1 101 X\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"],
    ["404 whose body is not read", http(404, "nobody")],
    ["a body that is too long", http(200, `"${"x".repeat(70_000)}"`)],
    ["what is not understood", http(200, "<html>")],
  ])("after %s", async (_name, response) => {
    let isOdd = true;
    await using core = await startCore((socket, request) => {
      socket.write(isOdd ? response : answerTo(request));
    });
    const options = { url: `${core.url}/{player_id}`, balance: "/balance", retries: 0 };
    const source = await openSource(options, 200);
    await source.lookup().catch(() => {});
    isOdd = false;
    expect(await source.lookup()).toEqual({ balance: "12001" });
    expect(core.connections()).toBe(2);
  });

  test("but a sound answer's serves the next", async () => {
    await using core = await startCore(answer);
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance" });
    for (let made = 0; made < 5; made++) await source.lookup();
    expect(core.connections()).toBe(1);
  });
});

test("a source that is closed ends its connections, so that the one after it does not use them", async () => {
  await using core = await startCore(answer);
  const options = { url: `${core.url}/{player_id}`, balance: "/balance" };
  const first = await openSource(options);
  await Promise.all([first.lookup(), first.lookup()]);
  const second = await openSource(options);
  await second.lookup();
  expect(core.connections()).toBe(3);
  await first.source.close?.();
  while (core.openSockets() > 1) await Bun.sleep(2);
  await second.lookup();
  expect(core.connections()).toBe(3);
});

test("a connection is used up to its greatest age: the next one finds a core that has moved", async () => {
  await using core = await startCore(answer);
  const connections = openConnections(
    new URL(core.url),
    { tls: undefined, proxy: undefined, connections: "pooled", maxAgeMs: 100 },
    { count() {}, log: { debug() {}, info() {}, warn() {}, error() {} } },
  );
  const write = requestWriter({ origin: new URL(core.url), isKeepAlive: true });
  const ask = async () => {
    const lease = connections.take();
    const request = write({ method: "GET", path: "/1", headers: {} });
    await lease.connection.ask(request, { needsBody: () => true, maxBytes: 1000 });
    connections.keep(lease, undefined);
  };
  await ask();
  await ask();
  expect(core.connections()).toBe(1);
  await Bun.sleep(120);
  await ask();
  await ask();
  expect(core.connections()).toBe(2);
  await Bun.sleep(120);
  connections.close();
});

test("a connection that has waited for work for long ends, also if no work comes", async () => {
  await using core = await startCore(answer);
  const connections = openConnections(
    new URL(core.url),
    { tls: undefined, proxy: undefined, connections: "pooled", maxIdleMs: 100 },
    { count() {}, log: { debug() {}, info() {}, warn() {}, error() {} } },
  );
  const write = requestWriter({ origin: new URL(core.url), isKeepAlive: true });
  const leases = [connections.take(), connections.take()];
  for (const { connection } of leases) {
    const request = write({ method: "GET", path: "/1", headers: {} });
    await connection.ask(request, { needsBody: () => true, maxBytes: 1000 });
  }
  expect(core.openSockets()).toBe(2);
  for (const lease of leases) connections.keep(lease, undefined);
  while (core.openSockets() > 0) await Bun.sleep(5);
});

test.concurrent.each<[keepAlive: string | undefined, connections: number]>([
  [undefined, 1],
  ["timeout=60, max=100", 1],
  ["max=100", 1],
  ["timeout=2", 2],
  ["max=100, Timeout = 2", 2],
  ["timeout=1", 2],
  ["timeout=0", 2],
])(
  "a core that closes idle connections by Keep-Alive: %s is not asked on one then",
  async (keepAlive, connections) => {
    await using core = await startCore((socket) => {
      socket.write(http(200, '{"balance":1}', keepAlive === undefined ? {} : { "keep-alive": keepAlive }));
    });
    const source = await openSource({ url: `${core.url}/{player_id}`, balance: "/balance" });
    await source.lookup();
    await Bun.sleep(1010);
    await source.lookup();
    expect(core.connections()).toBe(connections);
  },
);
