import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { gzipSync } from "node:zlib";
import type { Socket } from "node:net";
import { join } from "node:path";
import { makeCertificates } from "../plugins/rest/certificates.ts";
import { exchange, open, post, type Reply, signatureOf } from "../raw-http.ts";
import { type Behaviour, replyBytes, startCore } from "./counting-core.ts";
import {
  childrenOf,
  eventually,
  OK,
  operate,
  type Operated,
  SECRET,
  STATIC,
  type Tables,
} from "../operations/operated.ts";

/** With an order, spaces and a number that no JSON library would give back. */
const BET =
  '{ "request_id":"r-7", "transfer_id":"t-1","player_id":"12001", "amount": 1.50 , "timestamp":1710000000}';
const DONE = '{ "balance":"28.50","status_code":"OK", "transfer_id":"t-1" }';
const UNKNOWN = '{"status_code":"ERR_UNKNOWN"}';
const TIMED_OUT = '{"status_code":"ERR_TIMEOUT"}';
const REJECTED = '{"status_code":"ERR_INTEGRITY_CHECK_FAILED"}';
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function forwardTo(
  url: string,
  { forward = "", webhook = "", ...tables }: Tables & { forward?: string } = {},
) {
  const table = `[webhook.forward]\nurl = "${url}"\n${forward}`;
  return { ...tables, webhook: `secrets = ["${SECRET}", "the-secret-before"]\n${webhook}\n${table}` };
}

interface SendOptions {
  readonly endpoint?: string;
  readonly body?: string | Uint8Array;
  readonly signature?: string;
  readonly headers?: readonly string[];
}

function callOf({ endpoint = "bet", body = BET, signature, headers = [] }: SendOptions = {}): Buffer {
  const own = signature ?? signatureOf(SECRET, body);
  return post(body, [`X-Signature: ${own}`, ...headers], `/${endpoint}`);
}

async function send(server: Operated, options?: SendOptions): Promise<Reply | undefined> {
  return await exchange(server.process.port, callOf(options));
}

function expectSigned(reply: Reply | undefined, text: string, status = 200): void {
  expect(reply?.body.toString()).toBe(text);
  expect(reply?.status).toBe(status);
  expect(reply?.headers.get("content-type")).toBe("application/json");
  expect(reply?.headers.get("x-signature")).toBe(signatureOf(SECRET, text));
}

function lineOf(server: Operated, endpoint = "bet") {
  return server.line((line) => line["endpoint"] === endpoint);
}

const done: Behaviour = (socket) => socket.end(replyBytes(DONE));

setDefaultTimeout(40_000);

describe.concurrent("what is passed on", () => {
  test("the body byte for byte, the caller's headers and ours; the reply comes back byte for byte, signed", async () => {
    await using core = await startCore(done);
    await using server = await operate(forwardTo(core.url, { forward: 'auth = { bearer = "core-token" }' }));
    const tracing = [`traceparent: ${TRACEPARENT}`, "tracestate: a=1"];
    const signature = signatureOf(SECRET, BET).toUpperCase();
    const headers = ["X-Timestamp: 1710000000", "Content-Type: application/json; charset=utf-8", ...tracing];
    expectSigned(await send(server, { signature, headers: [...headers, "X-Other: no"] }), DONE);
    const [seen] = core.seen;
    expect(seen?.target).toBe("POST /klas/bet HTTP/1.1");
    expect(seen?.body.toString()).toBe(BET);
    expect(Object.fromEntries(seen?.headers ?? [])).toEqual({
      host: new URL(core.url).host,
      "content-type": "application/json; charset=utf-8",
      "content-length": String(BET.length),
      "x-signature": signature,
      "x-timestamp": "1710000000",
      "x-request-id": "r-7",
      "accept-encoding": "identity",
      traceparent: TRACEPARENT,
      tracestate: "a=1",
      authorization: "Bearer core-token",
      "user-agent": "klas-balance",
      connection: "close",
    });
    expect(await lineOf(server)).toMatchObject({
      level: "info",
      msg: "bet",
      request_id: "r-7",
      player_id: "12001",
      status_code: "OK",
      reason: "ok",
      source: "forward",
    });
    const series = 'klas_balance_requests_total{status_code="OK",reason="ok",endpoint="bet"}';
    expect(await server.metric(series)).toBe(1);
    expect(await server.metric('klas_balance_request_duration_seconds_count{endpoint="bet"}')).toBe(1);
    expect(await server.metric("klas_balance_forward_in_flight")).toBe(0);
    expect(server.process.log()).not.toContain("28.50");
  });

  test("a body that is not JSON, and bytes that are no text, arrive as they are", async () => {
    await using core = await startCore(done);
    await using server = await operate(forwardTo(core.url));
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    expectSigned(await send(server, { body: bytes }), DONE);
    expect(core.seen[0]?.body.equals(Buffer.from(bytes))).toBe(true);
    expect(core.seen[0]?.headers.get("content-type")).toBe("application/json");
  });

  test("nothing that is unsigned, stale, too long, or for another endpoint", async () => {
    await using core = await startCore(done);
    const limits = { forward: "max_body_bytes = 300", webhook: "max_clock_skew_seconds = 60" };
    await using server = await operate(forwardTo(core.url, limits));
    expectSigned(await send(server), REJECTED);
    expectSigned(await send(server, { signature: "0".repeat(64), body: "{}" }), REJECTED);
    expectSigned(await send(server, { body: "x".repeat(301) }), '{"status_code":"ERR_INVALID_BODY"}', 413);
    expect((await send(server, { endpoint: "jackpot" }))?.status).toBe(404);
    expect((await send(server, { endpoint: "bet/more" }))?.status).toBe(404);
    expect((await exchange(server.process.port, "GET /bet HTTP/1.1\r\nHost: x\r\n\r\n"))?.status).toBe(405);
    expect(core.connections).toBe(0);
    await server.line(({ reason }) => reason === "invalid_body");
    const reasons = server.lines().flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
    expect(reasons).toEqual(["stale_timestamp", "bad_signature", "invalid_body"]);
    // A body without a timestamp is the core's to judge.
    expectSigned(await send(server, { body: '{"transfer_id":"t-1"}' }), DONE);
    const fresh = BET.replace("1710000000", String(Date.now()));
    expectSigned(await send(server, { body: fresh }), DONE);
    expect(core.seen).toHaveLength(2);
  });

  test("the names of forward.endpoints; authenticate only if it is not answered here", async () => {
    await using core = await startCore(done);
    await using server = await operate(forwardTo(core.url));
    expectSigned(await send(server, { endpoint: "authenticate" }), DONE);
    for (const endpoint of ["credit", "refund", "terminate"])
      expectSigned(await send(server, { endpoint }), DONE);
    expect(core.seen.map(({ target }) => target.split(" ")[1])).toEqual([
      "/klas/authenticate",
      "/klas/credit",
      "/klas/refund",
      "/klas/terminate",
    ]);
    const own = {
      webhook: 'authenticate = true\ncurrency = "EUR"',
      forward: 'endpoints = ["win", "authenticate"]',
    };
    await server.change(forwardTo(core.url, own));
    const session = JSON.stringify({ request_id: "r", timestamp: 1, session_id: "s", player_id: "12001" });
    expectSigned(
      await send(server, { endpoint: "authenticate", body: session }),
      '{"currency":"EUR","balance":"30","status_code":"OK"}',
    );
    expect((await send(server))?.status).toBe(404);
    expectSigned(await send(server, { endpoint: "win" }), DONE);
    expect(await server.balance()).toBe(OK);
    expect(core.seen).toHaveLength(5);
  });

  test.each(["X-Timestamp", "Content-Type"])("no %s that a header may not hold", async (name) => {
    await using core = await startCore(done);
    await using server = await operate(forwardTo(core.url));
    expectSigned(await send(server, { headers: [`${name}: 17\u007f10`] }), UNKNOWN);
    expect(core.connections).toBe(0);
    expect(await lineOf(server)).toMatchObject({
      reason: "source_failed",
      detail: `the caller's ${name.toLowerCase()} has a character that no header may hold`,
    });
  });

  test("the environment's proxies are not asked", async () => {
    await using core = await startCore(done);
    await using proxy = await startCore(done);
    const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];
    const env = Object.fromEntries(names.map((name) => [name, new URL("/", proxy.url).href]));
    await using server = await operate(forwardTo(core.url), () => {}, { env });
    expectSigned(await send(server), DONE);
    expect([core.seen.length, proxy.connections]).toEqual([1, 0]);
  });
});

const ONE_MEGABYTE = JSON.stringify({ status_code: "OK", padding: "x".repeat(1_000_000) });
const UNSIGNED_REFUSAL = '{"status_code":"ERR_INSUFFICIENT_FUNDS","balance":"1"}';
const signedBy = (secret: string, body: string) => ({
  headers: [`X-Signature: ${signatureOf(secret, body)}`],
});

function answerIn(socket: Socket, body: Buffer, header = ""): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n${header}\r\n`);
  socket.end(body);
}

const cut = replyBytes(DONE).slice(0, -10);

interface Fault {
  readonly behave: Behaviour;
  readonly answer: string;
  readonly reason: string;
  readonly detail?: RegExp;
}

const FAULTS: Readonly<Record<string, Fault>> = {
  "resets before its answer": {
    behave: (socket) => socket.resetAndDestroy(),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /connection closed before the answer was complete/,
  },
  "closes before its answer": {
    behave: (socket) => socket.end(),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /connection closed before the answer was complete/,
  },
  "resets in the middle of its answer": {
    behave: (socket) => socket.write(cut, () => setTimeout(() => socket.resetAndDestroy(), 50)),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /connection closed before the answer was complete/,
  },
  "closes in the middle of its answer": {
    behave: (socket) => socket.end(cut),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /connection closed before the answer was complete/,
  },
  hangs: {
    behave: () => {},
    answer: TIMED_OUT,
    reason: "source_timeout",
    detail: /no answer within 1000 ms, still waiting for it/,
  },
  "hangs in the middle of its answer": {
    behave: (socket) => socket.write(cut),
    answer: TIMED_OUT,
    reason: "source_timeout",
    detail: /still reading it/,
  },
  "answers late": {
    behave: (socket) => setTimeout(() => done(socket, SEEN), 1500),
    answer: TIMED_OUT,
    reason: "source_timeout",
  },
  "answers 500": {
    behave: (socket) => socket.end(replyBytes(DONE, { status: "500 Internal Server Error" })),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /HTTP status 500/,
  },
  "answers 302": {
    behave: (socket) => socket.end(replyBytes("", { status: "302 Found", headers: ["Location: /klas/bet"] })),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /HTTP status 302/,
  },
  "answers 503 with Retry-After": {
    behave: (socket) =>
      socket.end(replyBytes("", { status: "503 Service Unavailable", headers: ["Retry-After: 0"] })),
    answer: UNKNOWN,
    reason: "source_failed",
  },
  "answers 204": {
    behave: (socket) => socket.end("HTTP/1.1 204 No Content\r\n\r\n"),
    answer: UNKNOWN,
    reason: "source_failed",
  },
  "answers in HTML": {
    behave: (socket) => socket.end(replyBytes("<html>OK</html>", { headers: ["Content-Type: text/html"] })),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /not a JSON object with a status_code/,
  },
  "answers without status_code": {
    behave: (socket) => socket.end(replyBytes('{"balance":"28.50"}')),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /not a JSON object with a status_code/,
  },
  "compresses its answer, although that is not accepted": {
    behave: (socket) => answerIn(socket, gzipSync(DONE), "Content-Encoding: gzip\r\n"),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /with a status_code: it is compressed \(gzip\), and no coding was accepted/,
  },
  "compresses its answer and does not say so": {
    behave: (socket) => answerIn(socket, gzipSync(DONE)),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /with a status_code: it is compressed \(gzip\)/,
  },
  "begins its answer with a byte-order mark": {
    behave: (socket) => answerIn(socket, Buffer.from(`\ufeff${DONE}`)),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /with a status_code: it begins with a byte-order mark/,
  },
  "names a coding of its own": {
    behave: (socket) => answerIn(socket, Buffer.from("secret"), "Content-Encoding: secret\r\n"),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /with a status_code$/,
  },
  "answers with a list": {
    behave: (socket) => socket.end(replyBytes('[{"status_code":"OK"}]')),
    answer: UNKNOWN,
    reason: "source_failed",
  },
  "answers more than it says": {
    behave: (socket) => socket.end(replyBytes(DONE) + replyBytes(DONE)),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /what it sent is not sound HTTP \(HPE_INVALID_CONSTANT\)/,
  },
  "answers twice, the second time later": {
    behave: (socket) =>
      socket.write(replyBytes(DONE), () => setTimeout(() => socket.end(replyBytes("{}")), 500)),
    answer: DONE,
    reason: "ok",
  },
  "answers 500, and is cut off": {
    behave: (socket) => socket.end("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\n<html>"),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /HTTP status 500/,
  },
  "sends what is no HTTP": {
    behave: (socket) => socket.end("220 mail.example ESMTP\r\n"),
    answer: UNKNOWN,
    reason: "source_failed",
  },
  "answers 1 MB": {
    behave: (socket) => socket.end(replyBytes(ONE_MEGABYTE)),
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /more than 65536 bytes/,
  },
  "answers without an end": {
    behave: (socket) => {
      const chunk = `1000\r\n${"x".repeat(4096)}\r\n`;
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}`);
      const writing = setInterval(() => socket.write(chunk), 10);
      socket.on("close", () => clearInterval(writing));
    },
    answer: UNKNOWN,
    reason: "source_failed",
    detail: /more than 65536 bytes/,
  },
  "refuses, in chunks, with a signature of its own": {
    behave: (socket) => {
      const body = UNSIGNED_REFUSAL;
      const [signature = ""] = signedBy("the-secret-before", body).headers;
      socket.end(
        `HTTP/1.1 201 Created\r\n${signature}\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      );
    },
    answer: UNSIGNED_REFUSAL,
    reason: "refused",
  },
  "signs with a secret that is none of ours": {
    behave: (socket) => socket.end(replyBytes(DONE, signedBy("no secret of ours", DONE))),
    answer: DONE,
    reason: "ok",
  },
  "signs another body": {
    behave: (socket) => socket.end(replyBytes(DONE, signedBy(SECRET, "{}"))),
    answer: DONE,
    reason: "ok",
  },
};

const SEEN = { target: "", headers: new Map(), body: Buffer.alloc(0) };

describe.concurrent("a core that", () => {
  test.each(Object.entries(FAULTS))(
    "%s: what Klas gets, and the core saw the call once",
    async (_what, fault) => {
      // Only who never answers is given little time.
      const timeoutMs = fault.reason === "source_timeout" ? 1000 : 20_000;
      await using core = await startCore(fault.behave);
      await using server = await operate(forwardTo(core.url, { forward: `timeout_ms = ${timeoutMs}` }));
      const reply = await send(server);
      expect(reply?.body.toString()).toBe(fault.answer);
      expect(reply?.headers.get("x-signature")).toBe(signatureOf(SECRET, fault.answer));
      const line = await lineOf(server);
      expect(line).toMatchObject({ reason: fault.reason });
      if (fault.detail !== undefined) expect(line["detail"]).toMatch(fault.detail);
      expect(server.process.log()).not.toContain("a bug");
      // Whatever would be sent again, by us or by the runtime, would be there by now.
      await Bun.sleep(600);
      expect(core.seen).toHaveLength(1);
      expect(core.connections).toBe(1);
      expect(await server.balance()).toBe(OK);
    },
  );

  test("refuses connections, or has no name", async () => {
    const core = await startCore(done);
    await core[Symbol.asyncDispose]();
    await using server = await operate(forwardTo(core.url));
    expectSigned(await send(server), UNKNOWN);
    expect((await lineOf(server))["detail"]).toMatch(/^127\.0\.0\.1:\d+: connection refused$/);
    await server.change(forwardTo("http://core.invalid/klas"));
    expectSigned(await send(server, { endpoint: "credit" }), UNKNOWN);
    expect((await lineOf(server, "credit"))["detail"]).toBe("core.invalid: the name cannot be resolved");
  });

  test("closes each connection after its answer, or keeps them: no call ever meets a used one", async () => {
    // It promises to keep the connection and then resets it at once, on which a next call would be lost or sent twice.
    await using core = await startCore((socket) => {
      socket.write(replyBytes(DONE, { headers: ["Connection: keep-alive", "Keep-Alive: timeout=60"] }), () =>
        socket.resetAndDestroy(),
      );
    });
    await using server = await operate(forwardTo(core.url));
    const connection = await open(server.process.port);
    const answers = new Set<string | undefined>();
    for (let calls = 0; calls < 50; calls += 1) {
      connection.send(callOf());
      answers.add((await connection.next())?.body.toString());
    }
    expect([...answers]).toEqual([DONE]);
    expect(core.seen).toHaveLength(50);
    expect(core.connections).toBe(50);
  });
});

// A signature of the core's that fitted another secret than the call's went back, and Klas rejected a booked bet.
test.each([
  ["the new secret", SECRET, "the-secret-before"],
  ["the old secret", "the-secret-before", SECRET],
  ["the old secret, as the core does", "the-secret-before", "the-secret-before"],
])("while a secret is changed, a call signed with %s gets a reply signed with it", async (_, own, ofCore) => {
  await using core = await startCore((socket) => socket.end(replyBytes(DONE, signedBy(ofCore, DONE))));
  await using server = await operate(forwardTo(core.url));
  const reply = await send(server, { signature: signatureOf(own, BET) });
  expect(reply?.body.toString()).toBe(DONE);
  expect(reply?.headers.get("x-signature")).toBe(signatureOf(own, DONE));
});

test("a core that never finishes the TLS handshake: the call was not sent, and the log says so", async () => {
  await using core = await startCore(() => {});
  const url = core.url.replace("http:", "https:");
  await using server = await operate(forwardTo(url, { forward: "timeout_ms = 500" }));
  expectSigned(await send(server), TIMED_OUT);
  expect((await lineOf(server))["detail"]).toBe("no answer within 500 ms, still connecting to the core");
  expect(core.connections).toBe(1);
});

test("a caller who hangs up: the call is finished all the same, and the log has its end", async () => {
  const waiting: Socket[] = [];
  await using core = await startCore((socket) => waiting.push(socket));
  await using server = await operate(forwardTo(core.url));
  const connection = await open(server.process.port);
  connection.send(callOf());
  await eventually("the call", () => Promise.resolve(waiting.length === 1));
  connection.destroy();
  await Bun.sleep(100);
  waiting[0]?.end(replyBytes(DONE));
  expect(await lineOf(server)).toMatchObject({
    reason: "ok",
    status_code: "OK",
    request_id: "r-7",
    remote: "127.0.0.1",
    detail: "the caller had hung up",
  });
  expect(core.seen).toHaveLength(1);
});

test("a caller who stays: the log does not say that they had hung up", async () => {
  await using core = await startCore(done);
  await using server = await operate(forwardTo(core.url));
  expectSigned(await send(server), DONE);
  expect((await lineOf(server))["detail"]).toBeUndefined();
});

describe.concurrent("a core behind TLS", () => {
  test("is sent to with our certificate and a signature of ours; one that is not trusted sees nothing", async () => {
    await using certificates = await makeCertificates();
    for (const name of ["core", "client"]) await certificates.issue(name, "IP:127.0.0.1");
    const signatures: (string | null)[] = [];
    using core = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      tls: {
        cert: await certificates.read("core.pem"),
        key: await certificates.read("core.key"),
        ca: await certificates.read("ca.pem"),
        requestCert: true,
        rejectUnauthorized: true,
      },
      fetch(request) {
        signatures.push(request.headers.get("X-Core-Signature"));
        return new Response(DONE);
      },
    });
    const url = `https://127.0.0.1:${core.port}/klas`;
    const authenticated = 'auth.hmac = { secret = "core-secret", header = "X-Core-Signature" }';
    await using server = await operate(forwardTo(url, { forward: authenticated }), async (folder) => {
      for (const file of ["ca.pem", "client.pem", "client.key"])
        await Bun.write(join(folder, file), await certificates.read(file));
    });
    expectSigned(await send(server), UNKNOWN);
    expect((await lineOf(server))["detail"]).toMatch(/the TLS certificate is not trusted, see tls\.ca/);
    const ca = `${authenticated}\ntls.ca = "ca.pem"`;
    await server.change(forwardTo(url, { forward: ca }));
    expectSigned(await send(server, { endpoint: "credit" }), UNKNOWN);
    expect(signatures).toEqual([]);
    const files = `${ca}\ntls.cert = "client.pem"\ntls.key = "client.key"`;
    expect((await server.change(forwardTo(url, { forward: files }))).msg).toBe("reloaded");
    expectSigned(await send(server, { endpoint: "refund" }), DONE);
    expect(signatures).toEqual([signatureOf("core-secret", BET)]);
    // A file that is gone keeps the configuration before it.
    const failed = await server.change(forwardTo(url, { forward: files.replace("client.key", "gone.key") }));
    expect(failed["problem"]).toMatch(/webhook\.forward: tls\.key: cannot read/);
    expectSigned(await send(server, { endpoint: "refund" }), DONE);
  });
});

describe.concurrent("a slow core", () => {
  test("does not starve balance calls: its calls have a limit of their own", async () => {
    const waiting: Socket[] = [];
    await using core = await startCore((socket) => waiting.push(socket));
    const limits = { forward: "max_in_flight = 20\ntimeout_ms = 60000", webhook: "max_in_flight = 1" };
    await using server = await operate(forwardTo(core.url, limits));
    const bets = Array.from({ length: 50 }, () => send(server));
    await eventually("as many as may be under way", () => Promise.resolve(core.seen.length === 20));
    expect(await server.metric("klas_balance_forward_in_flight")).toBe(20);
    for (let calls = 0; calls < 200; calls += 1) expect(await server.balance()).toBe(OK);
    for (const socket of waiting) socket.end(replyBytes(DONE));
    const answers = (await Promise.all(bets)).map((reply) => reply?.body.toString());
    expect(answers.filter((answer) => answer === DONE)).toHaveLength(20);
    expect(answers.filter((answer) => answer === UNKNOWN)).toHaveLength(30);
    expect(core.seen).toHaveLength(20);
    const overloaded = { reason: "overloaded", detail: "webhook.forward.max_in_flight" };
    expect(await lineOf(server)).toMatchObject(overloaded);
  });

  test.each([1, 2])("a reload and a stop wait for what is under way: workers = %i", async (workers) => {
    const waiting: Socket[] = [];
    await using core = await startCore((socket) => waiting.push(socket));
    await using server = await operate(forwardTo(core.url, { server: `workers = ${workers}` }));
    const first = send(server);
    await eventually("the first call", () => Promise.resolve(waiting.length === 1));
    // Nothing is forwarded any more, and the call under way is answered all the same.
    expect((await server.change({ source: STATIC, server: `workers = ${workers}` })).msg).toBe("reloaded");
    expect((await send(server))?.status).toBe(404);
    waiting[0]?.end(replyBytes(DONE));
    expectSigned(await first, DONE);
    await server.change(forwardTo(core.url, { server: `workers = ${workers}` }));
    const second = send(server);
    await eventually("the second call", () => Promise.resolve(waiting.length === 2));
    server.process.signal("SIGTERM");
    await server.line(({ msg }) => msg === "draining");
    await Bun.sleep(300);
    waiting[1]?.end(replyBytes(DONE));
    expectSigned(await second, DONE);
    expect(await server.process.exited).toBe(0);
    expect(core.seen).toHaveLength(2);
  });
});

test("a worker that is killed: what it had sent is not sent again, by the one in its place or by another", async () => {
  const waiting: Socket[] = [];
  await using core = await startCore((socket) => waiting.push(socket));
  await using server = await operate({ ...forwardTo(core.url), server: "workers = 2" });
  const bets = Array.from({ length: 8 }, (_, index) => BET.replace("t-1", `t-${index}`));
  const callers = await Promise.all(bets.map(() => open(server.process.port)));
  for (const [index, caller] of callers.entries()) caller.send(callOf({ body: bets[index] ?? "" }));
  await eventually("the bets", () => Promise.resolve(core.seen.length === bets.length));
  for (const worker of childrenOf(server.process.pid)) process.kill(worker, "SIGKILL");
  for (const caller of callers) expect(await caller.next()).toBeUndefined();
  await eventually(
    "workers in their place",
    async () => (await server.balance().catch(() => "refused")) === OK,
  );
  for (const socket of waiting) socket.end(replyBytes(DONE));
  // Whatever would be sent again would be there by now.
  await Bun.sleep(1000);
  expect(core.seen.map(({ body }) => body.toString()).toSorted()).toEqual(bets);
  expect(core.connections).toBe(bets.length);
});
