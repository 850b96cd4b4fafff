/**
 * A client of keep-alive connections, each with one request under way. Commands come as lines on standard
 * input: `run MILLISECONDS` answers with `{"requests":N,"failures":N}`; the end of the input ends it.
 */
import { signedCall } from "../../src/certify/signed-call.ts";

const { url, secret, players, connections } = JSON.parse(process.argv[2] ?? "{}");
const { hostname, port, pathname } = new URL(url);
const PREPARED = 20_000;

/** Signed requests for players drawn at random over all of them. */
const requests = Array.from({ length: PREPARED }, () => {
  const player = String(Math.floor(Math.random() * players));
  const { body, signature } = signedCall(secret, player);
  return Buffer.from(
    `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\n` +
      `X-Signature: ${signature}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
});

const OK = Buffer.from('"status_code":"OK"}');
let next = 0;
let isRunning = false;
let completed = 0;
let failures = 0;

function send(socket: Bun.Socket): void {
  const request = requests[next++ % PREPARED];
  if (request !== undefined) socket.write(request);
}

/** Opened with the first run: a connection on which nothing is asked for long is closed by a server. */
let sockets: readonly Bun.Socket[] | undefined;

const open = () =>
  Promise.all(
    Array.from({ length: connections }, () =>
      Bun.connect({
        hostname,
        port: Number(port),
        socket: {
          data(socket, chunk) {
            // A reply is far smaller than a segment, so it arrives whole.
            if (!chunk.subarray(-OK.length).equals(OK)) failures += 1;
            completed += 1;
            if (isRunning) send(socket);
          },
          error() {
            failures += 1;
          },
        },
      }),
    ),
  );

for await (const line of console) {
  sockets ??= await open();
  const milliseconds = Number(line.split(" ")[1]);
  completed = 0;
  failures = 0;
  isRunning = true;
  for (const socket of sockets) send(socket);
  await Bun.sleep(milliseconds);
  isRunning = false;
  process.stdout.write(`${JSON.stringify({ requests: completed, failures })}\n`);
  // What is still under way comes in before the next run.
  await Bun.sleep(50);
}
process.exit(0);
