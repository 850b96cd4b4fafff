import { replyBytes, startCore } from "../forward/counting-core.ts";
import { callBytes, footprint, OK, operate, SECRET } from "../operations/operated.ts";
import { open } from "../raw-http.ts";

export interface IdleCounts {
  readonly connections: number;
  /** Of 100 calls while the others were idle. */
  readonly answeredMeanwhile: number;
  readonly residentMib: number;
  /** Closed before they had been idle for 60 s. */
  readonly closedEarly: number;
  /** Open although they had been idle for 100 s. */
  readonly leftOpen: number;
  /** Of a call that a core took 90 s for. */
  readonly slowAnswer: string | undefined;
  /** Whether a caller that goes on sending a body which was answered with 413 still has its connection. */
  readonly isRestReadForEver: boolean;
}

const EARLY_MS = 60_000;
const SLOW_MS = 90_000;
const LATE_MS = 100_000;
const AT_A_TIME = 200;

/** Opens many connections, uses each once, and waits until the server has had enough of them. */
export async function soakIdle(connections: number): Promise<IdleCounts> {
  await using core = await startCore((socket) => {
    setTimeout(() => socket.end(replyBytes(OK)), SLOW_MS);
  });
  const forward = `[webhook.forward]\nurl = "${core.url}"\ntimeout_ms = 120000`;
  const webhook = `secrets = ["${SECRET}"]\n${forward}`;
  await using server = await operate({ log: 'level = "warn"', webhook });
  const { port, pid } = server.process;
  const ends: number[] = [];
  const all = [];
  while (all.length < connections) {
    const opened = await Promise.all(Array.from({ length: AT_A_TIME }, () => open(port)));
    for (const connection of opened) {
      connection.send(callBytes());
      await connection.next();
      const usedMs = performance.now();
      void connection.closed.then(() => ends.push(performance.now() - usedMs));
      all.push(connection);
    }
  }
  const endless = await open(port);
  endless.send("POST /balance HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n");
  const dripping = setInterval(() => endless.send("x"), 500);
  let isRestReadForEver = true;
  void endless.closed.then(() => (isRestReadForEver = false));
  let answeredMeanwhile = 0;
  for (let calls = 0; calls < 100; calls += 1) if ((await server.balance()) === OK) answeredMeanwhile += 1;
  const { residentMib } = footprint(pid);
  const slow = await open(port);
  slow.send(callBytes({ target: "/bet" }));
  await Bun.sleep(LATE_MS);
  clearInterval(dripping);
  const counts = {
    connections: all.length,
    answeredMeanwhile,
    residentMib,
    closedEarly: ends.filter((endMs) => endMs < EARLY_MS).length,
    leftOpen: all.length - ends.length,
    slowAnswer: (await slow.next())?.body.toString(),
    isRestReadForEver,
  };
  slow.destroy();
  endless.destroy();
  for (const connection of all) connection.destroy();
  return counts;
}
