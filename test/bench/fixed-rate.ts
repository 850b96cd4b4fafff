/**
 * A client that sends at a fixed rate, whatever the server does: a call that is due while all connections are busy waits,
 * and its wait counts ("coordinated omission"). Commands come as lines: `run RATE MILLISECONDS` answers with
 * `{"requests":N,"failures":N,"p50":…,"p99":…,"p999":…,"max":…}` in milliseconds; the end of the input ends it.
 */
import { signedCall } from "../../src/certify/signed-call.ts";

const { url, secret, players, connections } = JSON.parse(process.argv[2] ?? "{}");
const { hostname, port, pathname } = new URL(url);
const PREPARED = 20_000;
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
let failures = 0;
let next = 0;

function open(): Promise<unknown> {
  let connection: Connection | undefined;
  return Bun.connect({
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
        if (!chunk.subarray(-OK.length).equals(OK)) failures += 1;
        latencies.push(performance.now() - connection.dueMs);
        idle.push(connection);
        pump();
      },
      close() {
        // The server asked for it, with the answer before: as a drain or a new certificate does.
        const index = connection === undefined ? -1 : idle.indexOf(connection);
        if (index >= 0) idle.splice(index, 1);
        else failures += 1;
        void open();
      },
    },
  });
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
  failures = 0;
  const startedMs = performance.now();
  let sent = 0;
  const total = Math.floor((rate * milliseconds) / 1000);
  while (sent < total) {
    const nowMs = performance.now();
    for (; sent < total && startedMs + (sent / rate) * 1000 <= nowMs; sent += 1) {
      due.push(startedMs + (sent / rate) * 1000);
    }
    pump();
    await Bun.sleep(1);
  }
  while (latencies.length + failures < total && performance.now() < startedMs + milliseconds + 5000)
    await Bun.sleep(5);
  const sorted = latencies.toSorted((a, b) => a - b);
  process.stdout.write(
    `${JSON.stringify({
      requests: sorted.length,
      failures,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      p999: percentile(sorted, 0.999),
      max: percentile(sorted, 1),
    })}\n`,
  );
}
process.exit(0);
