import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Connection, exchange, open, signatureOf } from "../raw-http.ts";
import { run } from "../server-process.ts";
import { body, call, callBytes, configOf, OK, operate, SECRET, STATIC } from "./operated.ts";

const SIGNATURE = `X-Signature: ${signatureOf(SECRET, body())}`;

/** A signed call with these lines in the place of the one Host. */
function hostedBy(...hosts: string[]): string {
  const head = ["POST /balance HTTP/1.1", ...hosts, SIGNATURE, `Content-Length: ${body().length}`];
  return `${head.join("\r\n")}\r\n\r\n${body()}`;
}

/** A signed call whose body comes in one chunk, with these further lines of the head and of the trailer. */
function chunked(head: readonly string[], trailer: readonly string[]): string {
  const lines = ["POST /balance HTTP/1.1", "Host: x", SIGNATURE, "Transfer-Encoding: chunked", ...head];
  const chunk = `${body().length.toString(16)}\r\n${body()}\r\n0\r\n`;
  return `${lines.join("\r\n")}\r\n\r\n${chunk}${trailer.map((line) => `${line}\r\n`).join("")}\r\n`;
}

async function answers(connection: Connection, count: number): Promise<(string | undefined)[]> {
  const all = [];
  while (all.length < count) all.push((await connection.next())?.body.toString());
  return all;
}

setDefaultTimeout(30_000);

describe.concurrent("HTTP", () => {
  test("two Host lines, or one that is no host, are a 400, and the connection ends (RFC 9112, 3.2)", async () => {
    await using server = await operate();
    const { port } = server.process;
    for (const sound of ["x", "x:8080", "203.0.113.7:1", "[2001:db8::1]:443", "a_b.example", ""]) {
      expect((await exchange(port, hostedBy(`Host: ${sound}`)))?.status, sound).toBe(200);
    }
    const unsound = [
      ["Host: a", "Host: b"],
      ["Host: a", "Host: a"],
      ["Host: a b"],
      ["Host: a@b"],
      ["Host: a/b"],
      ["Host: a:b"],
      ["Host: a:999999"],
      ["Host: [::1"],
      ["Host: a, b"],
      [],
    ];
    for (const hosts of unsound) {
      const connection = await open(port);
      connection.send(hostedBy(...hosts));
      const reply = await connection.next();
      expect(reply?.status, hosts.join(" | ")).toBe(400);
      expect(reply?.headers.get("connection")).toBe("close");
      expect(await connection.next()).toBeUndefined();
    }
    expect((await exchange(port, "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"))?.status).toBe(400);
    expect(await server.balance()).toBe(OK);
  });

  test("a chunked body keeps its connection; one that announces a trailer is answered as its last", async () => {
    await using server = await operate();
    const connection = await open(server.process.port);
    connection.send(chunked([], []));
    connection.send(chunked([], []));
    expect(await answers(connection, 2)).toEqual([OK, OK]);
    connection.send(chunked(["Trailer: X-Checksum"], ["X-Checksum: 1"]));
    const last = await connection.next();
    expect(last?.body.toString()).toBe(OK);
    expect(last?.headers.get("connection")).toBe("close");
    await connection.closed;
  });

  test("what stands in a trailer is never taken for a call", async () => {
    await using server = await operate();
    const connection = await open(server.process.port);
    const hidden = callBytes({ player: "hidden" }).toString().split("\r\n");
    connection.send(chunked([], hidden));
    expect((await connection.next())?.body.toString()).toBe(OK);
    expect((await connection.next())?.status).toBe(400);
    await connection.closed;
    await server.balance();
    expect(server.process.log()).not.toContain("hidden");
  });

  test("calls sent in a row over one connection are answered in order, if none waits for its source", async () => {
    await using server = await operate();
    const connection = await open(server.process.port);
    const players = ["12001", "nobody", "12001"];
    connection.send(Buffer.concat(players.map((player) => callBytes({ player }))));
    const missing = '{"status_code":"ERR_PLAYER_NOT_FOUND"}';
    expect(await answers(connection, 3)).toEqual([OK, missing, OK]);
  });

  test("a call sent behind one that waits for its source ends the connection, and is never answered for another", async () => {
    await using server = await operate({ source: `${STATIC}\ndelay_ms = 100` });
    const connection = await open(server.process.port);
    connection.send(Buffer.concat([callBytes(), callBytes({ player: "nobody" })]));
    expect(await connection.next()).toBeUndefined();
    expect(await server.balance()).toBe(OK);
  });
});

describe.concurrent("where it listens", () => {
  test('host = "[::1]" is ::1, for serve and for call', async () => {
    await using server = await operate({ host: "[::1]" });
    const { port } = server.process;
    expect(server.process.log()).toContain(`"url":"http://[::1]:${port}/balance"`);
    server.write("config.toml", configOf({ host: "[::1]" }).replace("port = 0", `port = ${port}`));
    const { stdout, exitCode } = await run(["call", "12001"], { cwd: server.folder });
    expect(stdout).toContain("balance      30");
    expect(exitCode).toBe(0);
  });

  test("a port in use is named by its option, and by who uses it", async () => {
    await using first = await operate();
    const { port, adminPort } = first.process;
    for (const [text, option, taken] of [
      [configOf().replace("port = 0", `port = ${port}`), "server.port", port],
      [configOf({ admin: `port = ${adminPort}` }), "admin.port", adminPort],
    ] as const) {
      first.write("other.toml", text);
      const { stderr, exitCode } = await run(["serve", "--config", "other.toml"], { cwd: first.folder });
      expect(stderr).toMatch(
        new RegExp(
          `^error: cannot listen on 127\\.0\\.0\\.1 port ${taken}: another program uses it \\(klas-balance, pid \\d+\\); choose another ${option}\n$`,
        ),
      );
      expect(exitCode).toBe(2);
    }
    expect((await call(port))?.status).toBe(200);
  });
});
