import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, zstdCompressSync } from "node:zlib";
import { DEFAULT_STATUS_CODES, statusCodeOf, type Outcome } from "../../../src/protocol/status.ts";
import { guard } from "../../../src/source/guard.ts";
import { makeCertificates, type Certificates } from "./certificates.ts";
import { http, startCore, type Behaviour } from "./core.ts";
import { openSource, QUERY, type Input, type TestSource } from "./source.ts";

/** One way for a core to misbehave, and what the caller, the clock and the log get to see of it. */
interface Fault {
  readonly misbehaviour: string;
  readonly behave: Behaviour;
  readonly options?: Partial<Input>;
  readonly timeoutMs?: number;
  /** The names of a certificate, if the core speaks TLS. */
  readonly certificate?: "server" | "other";
  readonly clientCertificate?: "required";
  /** Lookups that are made, and must end, before the one that is looked at. */
  readonly lookupsBefore?: number;
  /** How long after those. */
  readonly waitMs?: number;
  readonly answer: string;
  readonly after: "at once" | "1 retry" | "2 retries" | "the deadline";
  readonly detail: string;
}

const GOOD = '{"balance":30.50}';
const OK = "`OK`";
const FAILED = "`source_failed`, `ERR_UNKNOWN`";
const TIMEOUT = "`source_timeout`, `ERR_TIMEOUT`";
const NOT_FOUND = "`player_not_found`, `ERR_PLAYER_NOT_FOUND`";
const SHORT_MS = 250;

const CUT_OFF = "HOST: connection closed before the answer was complete (3 calls)";

const FAULTS: readonly Fault[] = [
  {
    misbehaviour: "does not listen on its port",
    behave: () => {},
    options: { url: "http://127.0.0.1:1/{player_id}" },
    answer: FAILED,
    after: "2 retries",
    detail: "127.0.0.1:1: connection refused (3 calls)",
  },
  {
    misbehaviour: "has a name that does not resolve",
    behave: () => {},
    options: { url: "http://core.invalid/{player_id}" },
    timeoutMs: 20_000,
    answer: FAILED,
    after: "2 retries",
    detail: "core.invalid: the name cannot be resolved (3 calls)",
  },
  {
    misbehaviour: "resets the connection before it answers",
    behave: (socket) => void socket.resetAndDestroy(),
    answer: FAILED,
    after: "2 retries",
    detail: CUT_OFF,
  },
  {
    misbehaviour: "resets the connection in the middle of the answer",
    behave: (socket) => {
      socket.write(http(200, "", { "content-length": 100 }) + GOOD, () =>
        setTimeout(() => socket.resetAndDestroy(), 20),
      );
    },
    answer: FAILED,
    after: "2 retries",
    detail: CUT_OFF,
  },
  {
    misbehaviour: "closes the connection in the middle of a JSON answer without `Content-Length`",
    behave: (socket) => void socket.end(`HTTP/1.1 200 OK\r\n\r\n${GOOD.slice(0, -2)}`),
    answer: FAILED,
    after: "at once",
    detail: "200, but not json",
  },
  {
    misbehaviour:
      'closes the connection in the middle of a number without `Content-Length` (`format = "text"`)',
    behave: (socket) => void socket.end("HTTP/1.1 200 OK\r\n\r\n30.5"),
    options: { format: "text" },
    answer: FAILED,
    after: "at once",
    detail: "200, but the answer's end is not marked (no Content-Length)",
  },
  {
    misbehaviour: "resets the connection once, then answers",
    behave: (socket, _request, nth) =>
      void (nth === 1 ? socket.resetAndDestroy() : socket.write(http(200, GOOD))),
    options: { method: "POST" },
    answer: OK,
    after: "1 retry",
    detail: "",
  },
  {
    misbehaviour: "closes the pooled connection between calls, without a word",
    behave: (socket, _request, nth) => {
      if (nth === 2) socket.resetAndDestroy();
      else socket.write(http(200, GOOD));
    },
    options: { method: "POST" },
    lookupsBefore: 1,
    answer: OK,
    after: "1 retry",
    detail: "",
  },
  {
    misbehaviour: "never answers",
    behave: () => {},
    timeoutMs: SHORT_MS,
    answer: TIMEOUT,
    after: "the deadline",
    detail: "no answer within 250 ms: still waiting for HOST to begin its answer",
  },
  {
    misbehaviour: "begins its answer and does not go on",
    behave: (socket) => void socket.write(http(200, GOOD).slice(0, -4)),
    timeoutMs: SHORT_MS,
    answer: TIMEOUT,
    after: "the deadline",
    detail: "no answer within 250 ms: still reading the body of HOST's answer",
  },
  {
    misbehaviour: "sends the answer a byte at a time",
    behave: async (socket) => {
      for (const byte of http(200, GOOD)) {
        if (socket.destroyed) return;
        socket.write(byte);
        await Bun.sleep(25);
      }
    },
    timeoutMs: SHORT_MS,
    answer: TIMEOUT,
    after: "the deadline",
    detail: "no answer within 250 ms: still waiting for HOST to begin its answer",
  },
  {
    misbehaviour: "sends 200 MB",
    behave: (socket) => send200MB(socket, "transfer-encoding: chunked"),
    answer: FAILED,
    after: "at once",
    detail: "the answer is longer than 65536 bytes (max_response_bytes)",
  },
  {
    misbehaviour: "sends 200 MB in chunks, and a `Content-Length` of 2 besides",
    behave: (socket) => send200MB(socket, "content-length: 2\r\ntransfer-encoding: chunked"),
    answer: FAILED,
    after: "2 retries",
    detail: "HOST: what it sent is not sound HTTP (HPE_INVALID_TRANSFER_ENCODING) (3 calls)",
  },
  {
    misbehaviour: "sends 200 MB, gzipped into 200 KB",
    behave: (socket) => sendPacked(socket, "gzip", Bun.gzipSync(new Uint8Array(200 * 1024 * 1024))),
    timeoutMs: 20_000,
    answer: FAILED,
    after: "at once",
    detail: "the answer is longer than 65536 bytes (max_response_bytes)",
  },
  {
    misbehaviour: "sends 50 MB, gzipped into 50 KB",
    behave: (socket) => sendPacked(socket, "gzip", Bun.gzipSync(new Uint8Array(50 * 1024 * 1024))),
    answer: FAILED,
    after: "at once",
    detail: "the answer is longer than 65536 bytes (max_response_bytes)",
  },
  {
    misbehaviour: "gzips the answer",
    behave: (socket) => sendPacked(socket, "gzip", Bun.gzipSync(Buffer.from(GOOD))),
    answer: OK,
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "compresses the answer with Brotli",
    behave: (socket) => sendPacked(socket, "br", brotliCompressSync(GOOD)),
    answer: OK,
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "compresses the answer twice, and lists `identity`, too",
    behave: (socket) => sendPacked(socket, "deflate, identity, gzip", Bun.gzipSync(deflateRawSync(GOOD))),
    answer: OK,
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "sends 50 MB, compressed by Zstandard into 5 KB",
    behave: (socket) => sendPacked(socket, "zstd", zstdCompressSync(new Uint8Array(50 * 1024 * 1024))),
    answer: FAILED,
    after: "at once",
    detail: "the answer is longer than 65536 bytes (max_response_bytes)",
  },
  {
    misbehaviour: "compresses the answer by an unknown coding",
    behave: (socket) => sendPacked(socket, "lzma", Buffer.from(GOOD)),
    answer: FAILED,
    after: "at once",
    detail: "the answer's Content-Encoding lzma is not known",
  },
  {
    misbehaviour: "says gzip and sends something else",
    behave: (socket) => void socket.write(http(200, GOOD, { "content-encoding": "gzip" })),
    answer: FAILED,
    after: "at once",
    detail: "the compressed answer is damaged",
  },
  {
    misbehaviour: "announces more bytes than it sends",
    behave: (socket) => void socket.end(http(200, "", { "content-length": 100 }) + GOOD),
    answer: FAILED,
    after: "2 retries",
    detail: CUT_OFF,
  },
  {
    misbehaviour: "announces fewer bytes than it sends",
    behave: (socket) => void socket.end(http(200, "", { "content-length": 12 }) + GOOD),
    answer: FAILED,
    after: "2 retries",
    detail: "HOST: what it sent is not sound HTTP (HPE_INVALID_CONSTANT) (3 calls)",
  },
  {
    misbehaviour: "sends JSON that is not valid UTF-8",
    behave: (socket) => sendBytes(socket, Buffer.from('{"player":"Zo\xeb","balance":30.50}', "latin1")),
    answer: FAILED,
    after: "at once",
    detail: "200, but not valid utf-8",
  },
  {
    misbehaviour: "sends JSON in ISO-8859-1, and says so",
    behave: (socket) =>
      sendBytes(
        socket,
        Buffer.from('{"player":"Zo\xeb","balance":30.50}', "latin1"),
        "application/json; charset=ISO-8859-1",
      ),
    answer: OK,
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "names an unknown charset",
    behave: (socket) => sendBytes(socket, Buffer.from(GOOD), "application/json; charset=klingon"),
    answer: FAILED,
    after: "at once",
    detail: "200, but in the charset klingon, which is not known",
  },
  {
    misbehaviour: "sends truncated JSON",
    behave: (socket) =>
      void socket.write(http(200, GOOD.slice(0, -1), { "content-type": "application/json" })),
    answer: FAILED,
    after: "at once",
    detail: "200, but not json (application/json)",
  },
  {
    misbehaviour: "sends an HTML page with 200",
    behave: (socket) =>
      void socket.write(
        http(200, "<html><body>Login<br></body></html>", { "content-type": "text/html; charset=utf-8" }),
      ),
    answer: FAILED,
    after: "at once",
    detail: "200, but not json (text/html)",
  },
  {
    misbehaviour: "sends JSON without the amount",
    behave: (socket) => void socket.write(http(200, '{"data":{"wallet":{"amount":1}},"error":"x"}')),
    options: { balance: "/data/balance" },
    answer: FAILED,
    after: "at once",
    detail: "200, but no number at /data/balance; the document has: /data/wallet/amount, /error",
  },
  {
    misbehaviour: "sends a currency that does not look like one, `eur`",
    behave: (socket) => void socket.write(http(200, '{"balance":30.50,"currency":"eur"}')),
    options: { currency: "/currency" },
    answer: FAILED,
    after: "at once",
    detail: "currency is not a code such as EUR",
  },
  {
    misbehaviour: "sends JSON with the amount twice",
    behave: (socket) => void socket.write(http(200, '{"balance":30.50,"b\\u0061lance":31}')),
    answer: FAILED,
    after: "at once",
    detail: '200, but "balance" stands in it twice',
  },
  {
    misbehaviour: 'sends XML with more than a text in the amount, `30<x/>40` (`format = "xml"`)',
    behave: (socket) => void socket.write(http(200, "<balance>30<x/>40</balance>")),
    options: { format: "xml" },
    answer: FAILED,
    after: "at once",
    detail: "200, but no number at /balance; the document has: /balance/#text, /balance/x",
  },
  {
    misbehaviour: "sends 200 with an error inside that `not_found` names",
    behave: (socket) => void socket.write(http(200, '{"error":{"code":"NO_PLAYER"}}')),
    options: { not_found: { pointer: "/error/code", equals: ["NO_PLAYER"] } },
    answer: NOT_FOUND,
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "sends an answer too many while its connection waits for work",
    behave: (socket) => {
      socket.write(http(200, GOOD));
      setTimeout(() => socket.write(http(200, '{"balance":99}')), 5);
    },
    lookupsBefore: 1,
    waitMs: 50,
    answer: OK,
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "answers about another player (`echo`)",
    behave: (socket) => void socket.write(http(200, '{"player":"12002","balance":99}')),
    options: { echo: "/player" },
    answer: FAILED,
    after: "at once",
    detail: "the answer is about another player, by what is at /player (echo)",
  },
  {
    misbehaviour: "answers another call (`echo_header`)",
    behave: (socket) => void socket.write(http(200, GOOD, { "x-request-id": "request-0" })),
    options: { echo_header: "X-Request-Id" },
    answer: FAILED,
    after: "at once",
    detail: "the answer is to another call, by its header X-Request-Id (echo_header)",
  },
  {
    misbehaviour: "has a cache before it, which answers with `Age: 12`",
    behave: (socket) => void socket.write(http(200, '{"balance":30.50}', { age: 12 })),
    answer: FAILED,
    after: "at once",
    detail: "the answer is from a cache, 12 s old (Age)",
  },
  {
    misbehaviour: "sends two `Content-Length`",
    behave: (socket) =>
      void socket.write(`HTTP/1.1 200 X\r\ncontent-length: 17\r\ncontent-length: 16\r\n\r\n${GOOD}`),
    answer: FAILED,
    after: "2 retries",
    detail: "HOST: what it sent is not sound HTTP (HPE_UNEXPECTED_CONTENT_LENGTH) (3 calls)",
  },
  {
    misbehaviour: "answers 100, and no more",
    behave: (socket) => void socket.write("HTTP/1.1 100 Continue\r\n\r\n"),
    timeoutMs: SHORT_MS,
    answer: TIMEOUT,
    after: "the deadline",
    detail: "no answer within 250 ms: still waiting for HOST to begin its answer",
  },
  {
    misbehaviour: "answers 204, and sends a body after it",
    behave: (socket) => void socket.write(`HTTP/1.1 204 X\r\ncontent-length: 17\r\n\r\n${GOOD}`),
    answer: FAILED,
    after: "2 retries",
    detail: "HOST: what it sent is not sound HTTP (HPE_INVALID_CONSTANT) (3 calls)",
  },
  {
    misbehaviour: "answers 204",
    behave: (socket) => void socket.write("HTTP/1.1 204 No Content\r\n\r\n"),
    answer: FAILED,
    after: "at once",
    detail: "204, but no body",
  },
  {
    misbehaviour: "answers 206, a part",
    behave: (socket) =>
      void socket.write("HTTP/1.1 206 X\r\ncontent-length: 2\r\ncontent-range: bytes 0-1/4\r\n\r\n12"),
    options: { format: "text" },
    answer: FAILED,
    after: "at once",
    detail: "status 206: only a part of the answer",
  },
  {
    misbehaviour: "redirects",
    behave: (socket) => void socket.write(http(302, "", { location: "/elsewhere" })),
    answer: FAILED,
    after: "at once",
    detail: "status 302: redirects are not followed",
  },
  {
    misbehaviour: "answers 401",
    behave: (socket) => void socket.write(http(401, "who are you?")),
    answer: FAILED,
    after: "at once",
    detail: "status 401",
  },
  {
    misbehaviour: "answers 404",
    behave: (socket) => void socket.write(http(404, "nobody")),
    answer: NOT_FOUND,
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "answers 423, which `status_map` names",
    behave: (socket) => void socket.write(http(423)),
    options: { status_map: { "423": "ERR_PLAYER_BLOCKED" } },
    answer: "`refused`, `ERR_PLAYER_BLOCKED`",
    after: "at once",
    detail: "",
  },
  {
    misbehaviour: "answers 500",
    behave: (socket) => void socket.write(http(500, "stack trace")),
    answer: FAILED,
    after: "at once",
    detail: "status 500",
  },
  {
    misbehaviour: "answers 503",
    behave: (socket) => void socket.write(http(503)),
    answer: FAILED,
    after: "2 retries",
    detail: "status 503 (3 calls)",
  },
  {
    misbehaviour: "answers 429 with `Retry-After: 1`, then a balance",
    behave: (socket, _request, nth) =>
      void socket.write(nth === 1 ? http(429, "", { "retry-after": 1 }) : http(200, GOOD)),
    timeoutMs: 5000,
    answer: OK,
    after: "1 retry",
    detail: "",
  },
  {
    misbehaviour: "answers 429 with a `Retry-After` beyond the deadline",
    behave: (socket) => void socket.write(http(429, "", { "retry-after": 60 })),
    answer: FAILED,
    after: "at once",
    detail: "status 429",
  },
  {
    misbehaviour: "has failed 10 times in a row (circuit breaker open)",
    behave: (socket) => void socket.write(http(503)),
    options: { retries: 0 },
    lookupsBefore: 10,
    answer: FAILED,
    after: "at once",
    detail: "circuit breaker open, last failure: status 503",
  },
  {
    misbehaviour: "accepts the connection and never finishes the TLS handshake",
    behave: () => {},
    options: { url: "https://HOST/{player_id}" },
    timeoutMs: SHORT_MS,
    answer: TIMEOUT,
    after: "the deadline",
    detail: "no answer within 250 ms: still connecting to HOST",
  },
  {
    misbehaviour: "speaks TLS, and is asked by `http://` (`check` says that it does)",
    behave: () => {},
    certificate: "server",
    options: { url: "http://HOST/{player_id}" },
    answer: FAILED,
    after: "2 retries",
    detail: CUT_OFF,
  },
  {
    misbehaviour: "has a certificate for another name",
    behave: (socket) => void socket.write(http(200, GOOD)),
    certificate: "other",
    options: { tls: { ca: "ca.pem" } },
    answer: FAILED,
    after: "2 retries",
    detail: "HOST: the TLS certificate is for another name (3 calls)",
  },
  {
    misbehaviour: "has a certificate of an authority that we do not know",
    behave: (socket) => void socket.write(http(200, GOOD)),
    certificate: "server",
    answer: FAILED,
    after: "2 retries",
    detail:
      "HOST: the TLS certificate is not trusted, see tls.ca (UNABLE_TO_VERIFY_LEAF_SIGNATURE) (3 calls)",
  },
  {
    misbehaviour: "asks for a client certificate, and we have none",
    behave: (socket) => void socket.write(http(200, GOOD)),
    certificate: "server",
    clientCertificate: "required",
    options: { tls: { ca: "ca.pem" } },
    answer: FAILED,
    after: "2 retries",
    detail: "HOST: it asks for a client certificate, see tls.cert and tls.key (3 calls)",
  },
  {
    misbehaviour: "asks for a client certificate, and gets it",
    behave: (socket) => void socket.write(http(200, GOOD)),
    certificate: "server",
    clientCertificate: "required",
    options: { tls: { ca: "ca.pem", cert: "client.pem", key: "client.key" } },
    answer: OK,
    after: "at once",
    detail: "",
  },
];

function sendBytes(socket: Socket, body: Uint8Array, type = "application/json"): void {
  socket.write(http(200, "", { "content-type": type, "content-length": body.byteLength }));
  socket.write(body);
}

function sendPacked(socket: Socket, coding: string, packed: Uint8Array): void {
  socket.write(http(200, "", { "content-encoding": coding, "content-length": packed.byteLength }));
  socket.write(packed);
}

async function send200MB(socket: Socket, framing: string): Promise<void> {
  socket.write(`HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`);
  const chunk = `100000\r\n${" ".repeat(1024 * 1024)}\r\n`;
  for (let sent = 0; sent < 200 && !socket.destroyed; sent++) {
    // Both end with an error if we reset the connection.
    if (!socket.write(chunk))
      await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
  }
}

let certificates: Certificates;

beforeAll(async () => {
  certificates = await makeCertificates();
  await certificates.issue("server", "IP:127.0.0.1");
  await certificates.issue("other", "DNS:other.example");
  await certificates.issue("client", "DNS:client");
});

afterAll(async () => {
  await certificates[Symbol.asyncDispose]();
});

test.each(FAULTS.map((fault) => [fault.misbehaviour, fault] as const))(
  "a core that %s",
  async (_name, fault) => {
    await using core = await startCore(fault.behave, await tlsOptions(fault));
    const host = `127.0.0.1:${core.port}`;
    const { url = `${core.url}/{player_id}`, ...others } = fault.options ?? {};
    const options = { balance: "/balance", ...others, url: url.replace("HOST", host) };
    const timeoutMs = fault.timeoutMs ?? 2000;
    const source = await openSource(options, timeoutMs, certificates.directory);
    for (let made = 0; made < (fault.lookupsBefore ?? 0); made++) await observe(source, timeoutMs);
    await Bun.sleep(fault.waitMs ?? 0);

    const { outcome, after } = await observe(source, timeoutMs);
    expect({ answer: answerOf(outcome), after, detail: detailOf(outcome) }).toEqual({
      answer: fault.answer,
      after: fault.after,
      detail: fault.detail.replace("HOST", host),
    });
    if (outcome.reason === "ok") expect(outcome.balance).toBe("30.5");
  },
  30_000,
);

async function tlsOptions({ certificate, clientCertificate }: Fault) {
  if (certificate === undefined) return undefined;
  return {
    cert: await certificates.read(`${certificate}.pem`),
    key: await certificates.read(`${certificate}.key`),
    ...(clientCertificate === "required" && {
      ca: await certificates.read("ca.pem"),
      requestCert: true,
      rejectUnauthorized: true,
    }),
  };
}

/** What the host makes of one lookup. */
async function observe({ source, counts }: TestSource, timeoutMs: number) {
  const retriesBefore = counts.get("retry") ?? 0;
  const outcome = await guard(source, { timeoutMs, maxInFlight: 1 }).lookup(QUERY);
  const retries = (counts.get("retry") ?? 0) - retriesBefore;
  return { outcome, after: outcome.reason === "source_timeout" ? "the deadline" : afterRetries(retries) };
}

function afterRetries(retries: number): string {
  if (retries === 0) return "at once";
  return retries === 1 ? "1 retry" : `${retries} retries`;
}

function answerOf(outcome: Outcome): string {
  if (outcome.reason === "ok") return OK;
  return `\`${outcome.reason}\`, \`${statusCodeOf(outcome, DEFAULT_STATUS_CODES)}\``;
}

function detailOf(outcome: Outcome): string {
  return "detail" in outcome && outcome.detail !== undefined ? outcome.detail : "";
}

test("help rest shows what these cores do", () => {
  const page = readFileSync(join(import.meta.dir, "../../../src/help/rest.md"), "utf8");
  const table = page.slice(page.indexOf("| the core … |"));
  expect(tableRows(table)).toEqual(tableRows(markdownTable()));
});

function tableRows(text: string): readonly string[] {
  return text.split("\n").filter((line) => line.startsWith("| "));
}

/** As `help rest` has it: what is expected above, in two columns, which fit a terminal. */
function markdownTable(): string {
  const rows = FAULTS.map(({ misbehaviour, answer, after, detail }) => {
    // The status code follows from the reason, but for a refusal.
    const result = answer.startsWith("`refused`") ? answer : answer.replace(/, `ERR_.*/, "");
    const shown = detail.replace("HOST", "core.example:8443").replace(`${SHORT_MS} ms`, "1000 ms");
    return `| ${misbehaviour} | ${result}, ${after}${shown === "" ? "" : `: \`${shown}\``} |`;
  });
  return ["| the core … | the caller gets; the log's `detail` |", "| --- | --- |", ...rows].join("\n");
}
