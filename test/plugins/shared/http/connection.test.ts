import { describe, expect, test } from "bun:test";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import * as v from "valibot";
import { connectionBy } from "../../../../plugins/shared/http/connection.ts";
import { dialTo } from "../../../../plugins/shared/http/dial.ts";
import { requestWriter } from "../../../../plugins/shared/http/request-bytes.ts";
import type { AnswerLimits } from "../../../../plugins/shared/http/response-parser.ts";

const ALL: AnswerLimits = { needsBody: () => true, maxBytes: 1_000_000 };
const ANSWER = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n30";

/** A peer that does with each connection what it is told. */
async function startPeer(onConnection: (socket: Socket) => void, host = "127.0.0.1") {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onConnection(socket);
  });
  server.listen(0, host);
  await once(server, "listening");
  return {
    origin: new URL(`http://${host}:${portOf(server)}`),
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function portOf(server: Server): number {
  return v.parse(v.object({ port: v.number() }), server.address()).port;
}

function callTo(origin: URL) {
  const connection = connectionBy(dialTo({ origin, secureContext: undefined }));
  const write = requestWriter({ origin, isKeepAlive: true });
  const ask = (body?: string | Uint8Array) => {
    const request = { path: "/", headers: {} };
    const bytes = write(
      body === undefined ? { ...request, method: "GET" } : { ...request, method: "POST", body },
    );
    return connection.ask(bytes, ALL).then(
      (response) => Buffer.from(response.body).toString(),
      (error: Error) => error.message,
    );
  };
  return { connection, ask };
}

describe("a connection", () => {
  test("serves one call after another, as long as each answer ends where it says", async () => {
    let asked = 0;
    await using peer = await startPeer((socket) => {
      socket.on("data", () => {
        asked += 1;
        socket.write(ANSWER);
      });
    });
    const { connection, ask } = callTo(peer.origin);
    for (let calls = 1; calls <= 3; calls += 1) {
      expect(await ask()).toBe("30");
      expect(connection.isOver).toBe(false);
    }
    expect(asked).toBe(3);
    expect(peer.sockets.size).toBe(1);
    connection.end();
    while (peer.sockets.size > 0) await Bun.sleep(2);
  });

  test("has only one call at a time, and none after its end", async () => {
    await using peer = await startPeer((socket) => {
      socket.on("data", () => socket.write(ANSWER));
    });
    const { connection, ask } = callTo(peer.origin);
    const first = ask();
    expect(await ask()).toContain("one call at a time");
    expect(await first).toBe("30");
    connection.end();
    expect(await ask()).toContain("one call at a time");
  });

  test("that gets a byte which nobody asked for ends", async () => {
    await using peer = await startPeer((socket) => {
      socket.on("data", () => {
        socket.write(ANSWER);
        setTimeout(() => socket.write("H"), 20);
      });
    });
    const { connection, ask } = callTo(peer.origin);
    expect(await ask()).toBe("30");
    while (!connection.isOver) await Bun.sleep(2);
  });

  test("that the peer closes after its answer ends; the answer stands", async () => {
    await using peer = await startPeer((socket) => {
      socket.on("data", () => socket.end(ANSWER));
    });
    const { connection, ask } = callTo(peer.origin);
    expect(await ask()).toBe("30");
    while (!connection.isOver) await Bun.sleep(2);
  });

  test("whose answer came before the whole request was sent ends: the rest would be taken for the next request", async () => {
    await using peer = await startPeer((socket) => {
      socket.pause();
      socket.write(ANSWER);
    });
    const { connection, ask } = callTo(peer.origin);
    expect(await ask(new Uint8Array(16_000_000))).toBe("30");
    expect(connection.isOver).toBe(true);
  });

  test("sends a request of which the peer reads little at a time, byte for byte", async () => {
    const body = Buffer.from(Array.from({ length: 2_000_000 }, (_, at) => `${at},`).join(""));
    const hash = new Bun.CryptoHasher("sha256");
    await using peer = await startPeer((socket) => {
      let received = 0;
      let head = "";
      socket.on("data", (bytes: Buffer) => {
        socket.pause();
        setTimeout(() => socket.resume(), 1);
        const at = head.includes("\r\n\r\n") ? 0 : bytes.indexOf("\r\n\r\n") + 4;
        if (at > 0) head = bytes.subarray(0, at).toString();
        received += bytes.length - at;
        hash.update(bytes.subarray(at));
        if (received === body.length) socket.write(ANSWER);
      });
    });
    expect(await callTo(peer.origin).ask(body)).toBe("30");
    expect(hash.digest("hex")).toBe(new Bun.CryptoHasher("sha256").update(body).digest("hex"));
  }, 60_000);

  test.each<[string, (socket: Socket) => void, string]>([
    ["is reset before it", (socket) => socket.resetAndDestroy(), "ECONNRESET"],
    ["ends before it", (socket) => socket.end(), "ECONNRESET"],
    ["ends within its head", (socket) => socket.end("HTTP/1.1 200 OK\r\n"), "ECONNRESET"],
    ["ends within it", (socket) => socket.end(ANSWER.slice(0, -1)), "ECONNRESET"],
    ["ends at its end", (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\n30"), "30"],
    [
      "is reset, though its end is not marked",
      (socket) =>
        socket.write("HTTP/1.1 200 OK\r\n\r\n30", () => setTimeout(() => socket.resetAndDestroy(), 30)),
      "ECONNRESET",
    ],
  ])("waits for an answer, and %s", async (_what, behave, expected) => {
    await using peer = await startPeer((socket) => socket.on("data", () => behave(socket)));
    const { connection, ask } = callTo(peer.origin);
    expect(await ask()).toBe(expected);
    while (!connection.isOver) await Bun.sleep(2);
  });

  test("says how far its call has got, and ends with the reason that it is given", async () => {
    await using peer = await startPeer((socket) => {
      socket.on("data", () => setTimeout(() => socket.write(ANSWER.slice(0, -1)), 50));
    });
    const { connection, ask } = callTo(peer.origin);
    const answer = ask();
    expect(connection.progress).toBe("connecting");
    while (connection.progress === "connecting") await Bun.sleep(1);
    expect(connection.progress).toBe("waiting");
    while (connection.progress === "waiting") await Bun.sleep(1);
    expect(connection.progress).toBe("reading");
    connection.end(new Error("enough"));
    expect(await answer).toBe("enough");
    while (peer.sockets.size > 0) await Bun.sleep(2);
  });

  test("that is ended before it is open sends nothing", async () => {
    let received = 0;
    await using peer = await startPeer((socket) => socket.on("data", (bytes) => (received += bytes.length)));
    const { connection, ask } = callTo(peer.origin);
    const answer = ask("a bet");
    connection.end(new Error("enough"));
    expect(await answer).toBe("enough");
    await Bun.sleep(50);
    expect(received).toBe(0);
    expect(peer.sockets.size).toBe(0);
  });
});

describe("a name", () => {
  test("is connected to at whichever of its addresses there is a listener", async () => {
    await using peer = await startPeer((socket) => socket.on("data", () => socket.write(ANSWER)));
    const origin = new URL(peer.origin);
    origin.hostname = "localhost";
    const { connection, ask } = callTo(origin);
    expect(await ask()).toBe("30");
    expect(await ask()).toBe("30");
    connection.end();
  });

  test.each([
    ["http://127.0.0.1:1", "ECONNREFUSED"],
    ["http://localhost:1", "ECONNREFUSED"],
    ["http://core.invalid", "ENOTFOUND"],
  ])(
    "%s: %s",
    async (url, code) => {
      expect(await callTo(new URL(url)).ask()).toBe(code);
    },
    20_000,
  );
});

/** A process that takes no connections any more, once the system's queue for it is full. */
async function startStopped() {
  const script = `const { port } = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } }); console.log(port);`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
  const { value } = await child.stdout.getReader().read();
  child.kill("SIGSTOP");
  const port = Number(new TextDecoder().decode(value));
  const waiting = Array.from({ length: 600 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await Bun.sleep(200);
  return {
    origin: new URL(`http://127.0.0.1:${port}`),
    [Symbol.dispose]() {
      for (const socket of waiting) socket.destroy();
      child.kill("SIGKILL");
    },
  };
}

/** The file handles that this process has open. */
function handles(): number {
  return readdirSync("/proc/self/fd").length;
}

test("calls to a peer that takes no connections leave few sockets behind, and the next ones find it when it does", async () => {
  using stopped = await startStopped();
  const before = handles();
  for (let calls = 0; calls < 100; calls += 1) {
    const { connection, ask } = callTo(stopped.origin);
    const answer = ask("a bet");
    await Bun.sleep(1);
    expect(connection.progress).toBe("connecting");
    connection.end(new Error("late"));
    expect(await answer).toBe("late");
  }
  // Those of Node's sockets are closed a little later.
  const untilMs = performance.now() + 5000;
  while (handles() - before > 16 && performance.now() < untilMs) await Bun.sleep(10);
  expect(handles() - before).toBeLessThanOrEqual(16);

  await using peer = await startPeer((socket) => socket.on("data", () => socket.write(ANSWER)));
  expect(await callTo(peer.origin).ask()).toBe("30");
});
