/**
 * `bun flooding.ts PORT CONNECTIONS waits|leaves`: callers with a wrong signature, each on a new connection, so many at a
 * time, until the process is ended. One that waits takes its answer; one that leaves is gone when it has sent. A process
 * of its own, so that what is measured beside it is not slowed by it.
 */
const [port, connections, manners] = process.argv.slice(2);
/** As long as may be: the server must be busier with a call than we are. */
const BODY = "x".repeat(16_000);
const HEAD = `POST /balance HTTP/1.1\r\nHost: localhost\r\nX-Signature: ${"0".repeat(64)}\r\n`;
const CALL = Buffer.from(`${HEAD}Content-Length: ${BODY.length}\r\n\r\n${BODY}`);
const REFUSED_PAUSE_MS = 5;

const caller = {
  hostname: "127.0.0.1",
  port: Number(port),
  socket: {
    open(socket: Bun.Socket) {
      socket.write(CALL);
      if (manners === "leaves") socket.terminate();
    },
    data: (socket: Bun.Socket) => socket.terminate(),
    close: callAnew,
    connectError: () => void setTimeout(callAnew, REFUSED_PAUSE_MS),
  },
};

function callAnew(): void {
  // What keeps a connection from being made has been told to `connectError`.
  Bun.connect(caller).catch(() => {});
}

for (let each = 0; each < Number(connections); each += 1) callAnew();
