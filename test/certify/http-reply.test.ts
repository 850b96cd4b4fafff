import { expect, test } from "bun:test";
import { headerValues, keepsAlive, parseHttpReply } from "../../src/certify/http-reply.ts";

function parse(text: string, ended = false) {
  const reply = parseHttpReply(Buffer.from(text, "latin1"), ended);
  if (typeof reply === "string") return reply;
  return { status: reply.status, body: Buffer.from(reply.body).toString("latin1") };
}

test.each<[name: string, text: string, expected: ReturnType<typeof parse>]>([
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", { status: 200, body: "hi" }],
  ["no reason phrase", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", { status: 200, body: "" }],
  ["bytes after it", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhimore", { status: 200, body: "hi" }],
  [
    "chunks, extensions and all",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
    { status: 200, body: "hi" },
  ],
  ["a status without a body", "HTTP/1.1 204 No Content\r\n\r\n", { status: 204, body: "" }],
  [
    "an interim reply before it",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    { status: 200, body: "hi" },
  ],
  ["half a head", "HTTP/1.1 200 OK\r\nContent-Le", "incomplete"],
  ["half a body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", "incomplete"],
  ["half a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi", "incomplete"],
  ["a body without a length that may go on", "HTTP/1.1 200 OK\r\n\r\nhi", "incomplete"],
  ["a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "malformed"],
  ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed"],
  ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n", "malformed"],
])("a reply with %s", (_name, text, expected) => {
  expect(parse(text)).toEqual(expected);
});

test("the end of the connection ends a body without a length, and no other", () => {
  expect(parse("HTTP/1.1 200 OK\r\n\r\nhi", true)).toEqual({ status: 200, body: "hi" });
  expect(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", true)).toBe("incomplete");
});

test("headers keep their repetitions, and their names have no case", () => {
  const reply = parseHttpReply(
    Buffer.from("HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:2 \r\nConnection: Close\r\nContent-Length: 0\r\n\r\n"),
    false,
  );
  if (typeof reply === "string") throw new Error(reply);
  expect(headerValues(reply, "X-A")).toEqual(["1", "2"]);
  expect(keepsAlive(reply)).toBe(false);
});
