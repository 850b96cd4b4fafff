import { type Footprint, footprint, operate } from "../operations/operated.ts";
import { BALANCES, SECRETS } from "../fuzz/oracle.ts";
import { fuzzRequests } from "../fuzz/requests.ts";
import { open } from "../raw-http.ts";

export interface Sample extends Footprint {
  readonly seconds: number;
  readonly requests: number;
}

export interface MixedCounts {
  readonly requests: number;
  readonly hostileConnections: number;
  readonly reloads: number;
  readonly samples: readonly Sample[];
}

export interface MixedOptions {
  readonly seconds: number;
  readonly requests: number;
  readonly seed: number;
  readonly onSample?: (sample: Sample) => void;
}

const HEAD = "POST /balance HTTP/1.1\r\nHost: localhost\r\n";
/** What is sent before its connection is cut, left open for a while, or ended. */
const HOSTILE = [
  "",
  "\r\n",
  "hello\r\n\r\n",
  HEAD,
  `${HEAD}Content-Length: 100\r\n\r\n{`,
  `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{`,
  `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  `${HEAD}Content-Length: 100000000\r\n\r\n${"x".repeat(50_000)}`,
  `${HEAD}X-Long: ${"x".repeat(20_000)}\r\n\r\n`,
  `${HEAD}Content-Length: 0\r\n\r\n`.repeat(20),
];
const HOSTILE_CLIENTS = 4;
const LONGEST_STAY_MS = 500;
const RELOAD_EVERY_MS = 2000;

/**
 * Mutated requests, each reply compared with the oracle's; beside them connections that are cut or left half
 * open, reloads, and somebody who reads the metrics.
 */
export async function soakMixed({ seconds, requests, seed, onSample }: MixedOptions): Promise<MixedCounts> {
  const players = Array.from(BALANCES, ([id, balance]) => `${JSON.stringify(id)} = "${balance}"`).join(", ");
  await using server = await operate({
    webhook: `secrets = ${JSON.stringify(SECRETS)}`,
    source: `plugin = "static"\nplayers = { ${players} }`,
    log: 'level = "error"',
  });
  const { port, pid } = server.process;
  const startedMs = performance.now();
  const ending = new AbortController();
  const samples: Sample[] = [];
  let hostileConnections = 0;
  let reloads = 0;
  let sent = 0;

  async function annoy(offset: number): Promise<void> {
    for (let turn = offset; !ending.signal.aborted; turn += 1) {
      const connection = await open(port);
      hostileConnections += 1;
      connection.send(HOSTILE[turn % HOSTILE.length] ?? "");
      if (turn % 3 === 0) connection.end();
      await Bun.sleep(turn % 5 === 0 ? LONGEST_STAY_MS : 5);
      connection.destroy();
    }
  }

  async function operateIt(): Promise<void> {
    while (!ending.signal.aborted) {
      await Bun.sleep(RELOAD_EVERY_MS);
      await server.reload();
      reloads += 1;
      await (await server.admin("/metrics")).text();
      sample();
    }
  }

  function sample(): void {
    const taken = {
      seconds: Math.round((performance.now() - startedMs) / 1000),
      requests: sent,
      ...footprint(pid),
    };
    samples.push(taken);
    onSample?.(taken);
  }

  const others = [...Array.from({ length: HOSTILE_CLIENTS }, (_, index) => annoy(index * 3)), operateIt()];
  const isEnough = (count: number) => {
    sent = count;
    return count >= requests || performance.now() - startedMs >= seconds * 1000;
  };
  try {
    await fuzzRequests(port, seed, isEnough);
  } finally {
    ending.abort();
    await Promise.all(others);
  }
  sample();
  return { requests: sent, hostileConnections, reloads, samples };
}
