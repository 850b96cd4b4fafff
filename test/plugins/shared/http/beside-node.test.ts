import { expect, test } from "bun:test";
import { once } from "node:events";
import { get } from "node:http";
import { createServer } from "node:net";
import * as fc from "fast-check";
import * as v from "valibot";
import { type Parsed, responseParser } from "../../../../plugins/shared/http/response-parser.ts";

/** Lines and bodies of which most are right and many are not; two parsers may differ on each of them. */
const statusLine = fc.constantFrom(
  "HTTP/1.1 200 OK",
  "HTTP/1.1 200",
  "HTTP/1.1 404 N\u00e4",
  "HTTP/1.0 200 OK",
  "HTTP/1.1 204 X",
  "HTTP/1.1 304 X",
  "HTTP/1.1  200 OK",
  "HTTP/1.1 20 OK",
  "HTTP/2.0 200 OK",
  " HTTP/1.1 200 OK",
);
const field = fc.constantFrom(
  "Content-Length: 2",
  "content-length: 5",
  "Content-Length: 2, 2",
  "Content-Length: +2",
  "Content-Length: 0x2",
  "Content-Length : 2",
  "Content-Length:",
  "Content-Length: 2 2",
  "Transfer-Encoding: chunked",
  "transfer-encoding: Chunked",
  "Transfer-Encoding: gzip, chunked",
  "Transfer-Encoding: chunked, gzip",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: xchunked",
  "Transfer-Encoding:",
  "Connection: close",
  "X: y\u00ff",
  "X:\ty\t",
  "X y",
  ": y",
  " folded: 1",
  "X: \u0000",
  "X: a\rb",
  "X: a\nb",
);
const lineEnd = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r");
const body = fc.constantFrom(
  "",
  "30",
  "305",
  "30\r\n",
  "2\r\n30\r\n0\r\n\r\n",
  "2;a=b\r\n30\r\n0\r\nx: y\r\n\r\n",
  "1\r\n3\r\n1\r\n0\r\n00\r\n\r\n",
  "2\r\n305\r\n0\r\n\r\n",
  "2 \r\n30\r\n0\r\n\r\n",
  "0x2\r\n30\r\n0\r\n\r\n",
  "2\n30\r\n0\r\n\r\n",
  "2\r\n30\r\n0\r\n",
  "2\r\n30\r\n0\r\nx\r\n\r\n",
  "2\r\n30\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
);
const message = fc
  .tuple(statusLine, fc.array(fc.tuple(field, lineEnd), { maxLength: 3 }), lineEnd, body)
  .map(([first, fields, end, rest]) => {
    const lines = fields.map(([text, lineEnds]) => `${text}${lineEnds}`).join("");
    return Buffer.from(`${first}\r\n${lines}${end}${rest}`, "latin1");
  });

const REFUSED = "refused";

function ours(bytes: Buffer): string {
  const parser = responseParser({ needsBody: () => true, maxBytes: 1000 });
  return inShort(parser.feed(bytes) ?? parser.end());
}

function inShort(result: Parsed): string {
  if (result === undefined || result instanceof Error) return REFUSED;
  return `${result.status} ${JSON.stringify(Buffer.from(result.body).toString())}`;
}

function theirs(port: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ port, host: "127.0.0.1", agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("error", () => resolve(REFUSED));
      response.on("data", (chunk: Buffer) => void chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve(response.complete ? `${response.statusCode} ${JSON.stringify(text)}` : REFUSED);
      });
    });
    request.on("error", () => resolve(REFUSED));
    request.on("close", () => resolve(REFUSED));
  });
}

function inPieces(bytes: Buffer, size: number): string {
  const parser = responseParser({ needsBody: () => true, maxBytes: 1000 });
  for (let at = 0; at < bytes.length; at += size) {
    const result = parser.feed(bytes.subarray(at, at + size));
    if (result !== undefined) return inShort(result);
  }
  return inShort(parser.end());
}

test("however an answer is cut into pieces, the same comes of it, or it is refused for what came with it", () => {
  const noise = fc.uint8Array({ maxLength: 3 });
  fc.assert(
    fc.property(message, noise, fc.nat(300), fc.integer({ min: 1, max: 40 }), (sent, bytes, at, size) => {
      const place = Math.min(at, sent.length);
      const noisy = Buffer.concat([sent.subarray(0, place), bytes, sent.subarray(place)]);
      const whole = inPieces(noisy, noisy.length);
      if (whole !== REFUSED) expect(inPieces(noisy, size)).toBe(whole);
    }),
    { numRuns: 10_000 },
  );
});

test("whatever is taken for an answer, Node's client takes too, and for the same one", async () => {
  let bytes = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(bytes));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = v.parse(v.object({ port: v.number() }), server.address());
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(message, async (sent) => {
      const own = ours(sent);
      if (own === REFUSED) return;
      taken += 1;
      bytes = Buffer.from(sent);
      expect(await theirs(port)).toBe(own);
    }),
    { numRuns: 4000 },
  );
  server.close();
  expect(taken).toBeGreaterThan(100);
}, 60_000);
