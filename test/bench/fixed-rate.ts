/**
 * A client that sends at a fixed rate, whatever the server does: a call that is due while all connections are busy waits,
 * and its wait counts ("coordinated omission"). Commands come as lines: `run RATE MILLISECONDS` answers with
 * `{"requests":N,"failures":N,"p50":…,"p99":…,"p999":…,"max":…}` in milliseconds; a failure
 * is a call that was not answered, or not with OK. The end of the input ends it.
 */
import { signedCall } from "../../src/certify/signed-call.ts";

const { url, secret, players, connections } = JSON.parse(process.argv[2] ?? "{}");
const { hostname, port, pathname } = new URL(url);
const PREPARED = 20_000;
/** How long it sleeps at a time; what is due then is sent late by that much at the most, which counts as waited. */
const TICK_MS = 0.1;
/** What is not answered by then has failed. */
const GRACE_MS = 5000;
const OK = Buffer.from('"status_code":"OK"}');

const requests = Array.from({ length: PREPARED }, () => {
  const { body, signature } = signedCall(secret, String(Math.floor(Math.random() * players)));
  return Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
      `X-Signature: ${signature}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
});

interface Connection {
  readonly socket: Bun.Socket;
  /** When the call that is under way was due. */
  dueMs: number;
}

const idle: Connection[] = [];
const due: number[] = [];
let latencies: number[] = [];
let good = 0;
let next = 0;

async function open(): Promise<void> {
  let connection: Connection | undefined;
  const opening = Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open(socket) {
        connection = { socket, dueMs: 0 };
        idle.push(connection);
      },
      data(_socket, chunk) {
        if (connection === undefined) return;
        // A reply is far smaller than a segment, so it arrives whole.
        if (chunk.subarray(-OK.length).equals(OK)) good += 1;
        latencies.push(performance.now() - connection.dueMs);
        idle.push(connection);
        pump();
      },
      close() {
        const index = connection === undefined ? -1 : idle.indexOf(connection);
        if (index >= 0) idle.splice(index, 1);
        void open();
      },
    },
  });
  await opening.catch(async () => {
    await Bun.sleep(10);
    await open();
  });
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/** The runtime's timers are of whole milliseconds, which is longer than an answer takes. */
async function tick(): Promise<void> {
  Atomics.wait(cell, 0, 0, TICK_MS);
  await new Promise((resolve) => setImmediate(resolve));
}

function pump(): void {
  while (due.length > 0 && idle.length > 0) {
    const connection = idle.pop();
    const request = requests[next++ % PREPARED];
    if (connection === undefined || request === undefined) return;
    connection.dueMs = due.shift() ?? 0;
    connection.socket.write(request);
  }
}

function percentile(sorted: readonly number[], share: number): number {
  return Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(3));
}

await Promise.all(Array.from({ length: connections }, open));
for await (const line of console) {
  const [, rate = 0, milliseconds = 0] = line.split(" ").map(Number);
  latencies = [];
  good = 0;
  due.length = 0;
  const startedMs = performance.now();
  let sent = 0;
  const total = Math.floor((rate * milliseconds) / 1000);
  while (latencies.length < total && performance.now() < startedMs + milliseconds + GRACE_MS) {
    const nowMs = performance.now();
    for (; sent < total && startedMs + (sent / rate) * 1000 <= nowMs; sent += 1) {
      due.push(startedMs + (sent / rate) * 1000);
    }
    pump();
    await tick();
  }
  const sorted = latencies.toSorted((a, b) => a - b);
  process.stdout.write(
    `${JSON.stringify({
      requests: total,
      failures: total - good,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      p999: percentile(sorted, 0.999),
      max: percentile(sorted, 1),
    })}\n`,
  );
}
process.exit(0);
