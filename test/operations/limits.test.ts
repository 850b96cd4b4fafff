import { createServer } from "node:net";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { exchange, open, post, signatureOf } from "../raw-http.ts";
import { call, childrenOf, eventually, isAlive, OK, operate, SECRET, STATIC } from "./operated.ts";

const INVALID = '{"status_code":"ERR_INVALID_BODY"}';
const HEAD = "POST /balance HTTP/1.1\r\nHost: localhost\r\n";

setDefaultTimeout(60_000);

describe.concurrent("limits", () => {
  test.each([
    ["nothing more comes", `${HEAD}Content-Length: 100\r\n\r\n{`, ""],
    ["a byte comes now and then", `${HEAD}Content-Length: 100\r\n\r\n{`, " "],
    ["a chunk comes now and then", `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`, "1\r\n \r\n"],
  ])(
    "a body that is not complete after 10 s is answered, signed, and its connection ends: %s",
    async (_what, start, drip) => {
      await using server = await operate();
      const connection = await open(server.process.port);
      connection.send(start);
      const dripping = setInterval(() => connection.send(drip), 500);
      const reply = await connection.next();
      clearInterval(dripping);
      expect(reply?.status).toBe(200);
      expect(reply?.body.toString()).toBe(INVALID);
      expect(reply?.headers.get("x-signature")).toBe(signatureOf(SECRET, INVALID));
      expect(reply?.headers.get("connection")).toBe("close");
      expect(await connection.next()).toBeUndefined();
      const line = await server.line(({ msg }) => msg === "balance");
      expect(line).toMatchObject({
        reason: "invalid_body",
        detail: "the body was not complete after 10000 ms",
      });
      expect(line["duration_ms"]).toBeGreaterThanOrEqual(10_000);
      expect(await server.balance()).toBe(OK);
      expect(server.process.log()).not.toContain("a bug");
    },
  );

  test("1,000 half-open bodies: others are answered meanwhile, and all of them end", async () => {
    await using server = await operate({ log: 'level = "error"' });
    const connections = await Promise.all(Array.from({ length: 1000 }, () => open(server.process.port)));
    for (const connection of connections) connection.send(`${HEAD}Content-Length: 100\r\n\r\n{`);
    await Bun.sleep(500);
    for (let calls = 0; calls < 20; calls += 1) expect(await server.balance()).toBe(OK);
    expect((await server.readyz()).status).toBe(200);
    const replies = await Promise.all(connections.map((connection) => connection.next()));
    expect(new Set(replies.map((reply) => reply?.body.toString()))).toEqual(new Set([INVALID]));
    await Promise.all(connections.map(({ closed }) => closed));
    expect(
      await server.metric(
        'klas_balance_requests_total{status_code="ERR_INVALID_BODY",reason="invalid_body",endpoint="balance"}',
      ),
    ).toBe(1000);
    expect(await server.balance()).toBe(OK);
  });

  test.each([
    ["nothing is sent", "", ""],
    ["the head does not end", HEAD, ""],
    ["the head comes a byte now and then", HEAD, "X"],
  ])("a request that does not come ends its connection within seconds: %s", async (_what, start, drip) => {
    await using server = await operate();
    const connection = await open(server.process.port);
    const startedMs = performance.now();
    connection.send(start);
    const dripping = setInterval(() => connection.send(drip), 500);
    await connection.closed;
    clearInterval(dripping);
    // Long before the 75 s of an idle connection.
    expect(performance.now() - startedMs).toBeLessThan(40_000);
    expect(await server.balance()).toBe(OK);
  });

  test("a head of 16 KiB is taken, a longer one is 431", async () => {
    await using server = await operate();
    expect((await call(server.process.port, {}, `X-Long: ${"x".repeat(15_000)}`))?.status).toBe(200);
    for (const headers of [
      [`X-Long: ${"x".repeat(17_000)}`],
      Array.from({ length: 300 }, (_, index) => `X-${index}: x`),
    ]) {
      expect((await call(server.process.port, {}, ...headers))?.status).toBe(431);
    }
    expect(await server.balance()).toBe(OK);
  });

  test("a body beyond max_body_bytes is 413", async () => {
    await using server = await operate({ server: "max_body_bytes = 300" });
    expect((await call(server.process.port, { player: "x".repeat(256) }))?.status).toBe(413);
    expect(await server.balance()).toBe(OK);
  });

  test("one lookup more than max_in_flight is answered at once", async () => {
    const webhook = `secrets = ["${SECRET}"]\nmax_in_flight = 3\ntimeout_ms = 3000`;
    await using server = await operate({ webhook, source: `${STATIC}\nhang_every = 1` });
    const answers = await Promise.all(Array.from({ length: 5 }, () => server.balance()));
    const count = (text: string) => answers.filter((answer) => answer === text).length;
    expect(count('{"status_code":"ERR_TIMEOUT"}')).toBe(3);
    expect(count('{"status_code":"ERR_UNKNOWN"}')).toBe(2);
  });

  test("no line of a call is longer than what a pipe takes as a whole, whatever the caller sends", async () => {
    await using server = await operate({ server: 'trusted_proxies = ["127.0.0.1"]' });
    const longest = JSON.stringify({
      request_id: "\u{1f600}".repeat(256),
      timestamp: 1e300,
      session_id: '"'.repeat(256),
      player_id: "\u{1f600}".repeat(256),
      further: "x".repeat(10_000),
    });
    const headers = [
      `X-Signature: ${signatureOf(SECRET, longest)}`,
      `X-Forwarded-For: ${"x".repeat(5000)}`,
      `traceparent: ${"0".repeat(5000)}`,
    ];
    await exchange(server.process.port, post(longest, headers));
    await exchange(server.process.port, post(longest, ["X-Signature: 0", ...headers.slice(1)]));
    await eventually("both", () =>
      Promise.resolve(server.lines().filter(({ msg }) => msg === "balance").length === 2),
    );
    for (const line of server.process.log().split("\n")) expect(Buffer.byteLength(line)).toBeLessThan(4096);
  });

  test("a worker that hangs is ended after 20 s and started again, and its hanging is told once", async () => {
    await using server = await operate({ server: "workers = 2" });
    const [victim = 0] = childrenOf(server.process.pid);
    // As deaf as in an endless loop of a plugin.
    process.kill(victim, "SIGSTOP");
    expect((await server.readyz()).not_ready.join()).toContain(
      `the worker with pid ${victim} does not answer`,
    );
    await eventually("the end of it", () => Promise.resolve(!isAlive(victim)), 40_000);
    await server.line(({ msg }) => msg === "a worker was started again");
    await eventually("readiness", async () => (await server.readyz()).status === 200);
    expect(server.lines().filter(({ msg }) => msg.includes("hangs"))).toHaveLength(1);
    expect(server.lines().find(({ msg }) => msg.includes("hangs"))).toMatchObject({
      pid: victim,
      level: "error",
    });
  });

  test.each([1, 2])("the admin listener does not hang with the source: workers = %i", async (workers) => {
    const deaf = createServer(() => {});
    const port = await new Promise<number>((resolve) => {
      deaf.listen(0, "127.0.0.1", () => {
        const address = deaf.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    const url = `http://127.0.0.1:${port}`;
    const source = `plugin = "rest"\nurl = "${url}/{player_id}"\nbalance = "/b"\nhealth_url = "${url}/"`;
    const webhook = `secrets = ["${SECRET}"]\ntimeout_ms = 60000`;
    await using server = await operate({ source, webhook, server: `workers = ${workers}` });
    const startedMs = performance.now();
    const { status, not_ready } = await server.readyz();
    expect(status).toBe(503);
    expect(not_ready).toEqual(['the source "players": the check did not end within 2000 ms']);
    expect(await server.metric("klas_balance_source_up")).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    deaf.close();
  });
});
