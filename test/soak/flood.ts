import { join } from "node:path";
import { callBytes, OK, operate, SECRET } from "../operations/operated.ts";
import { open } from "../raw-http.ts";

export interface FloodCounts {
  /** Calls of the flood that were answered; if it takes no answers, those that were read. */
  readonly strangers: number;
  /** Calls of one established caller, one after the other, that were answered as they should be. */
  established: number;
  /** Lookups that hung and were answered by their deadline. */
  deadlines: number;
  /** Answers that were wrong, or did not come. */
  wrong: number;
  /** Reloads that took effect during the flood. */
  reloads: number;
  /** Workers that were taken for dead. */
  readonly ended: number;
  readonly exitCode: number | null;
}

export interface FloodOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly manners: "waits" | "leaves";
  readonly workers: number;
}

/** So many that a wrong signature takes a while to be found wrong, which keeps the server busier than its callers. */
const SECRETS = [SECRET, ...Array.from({ length: 15 }, (_, index) => `another-secret-${index}`)];

const TIMED_OUT = '{"status_code":"ERR_TIMEOUT"}';

/** One player has a balance; any other lookup hangs. */
const SOURCE = `export default {
  apiVersion: 1,
  open: () => ({ lookup: ({ playerId }) => playerId === "12001" ? { balance: "30" } : new Promise(() => {}) }),
};
`;

/** Callers on new connections, without a pause, beside two who keep theirs; reloads meanwhile, and at last a stop. */
export async function soakFlood({
  seconds,
  connections,
  manners,
  workers,
}: FloodOptions): Promise<FloodCounts> {
  await using server = await operate(
    {
      server: `workers = ${workers}`,
      webhook: `secrets = ${JSON.stringify(SECRETS)}\ntimeout_ms = 200`,
      source: 'plugin = "./one-player.ts"',
      log: 'level = "error"',
    },
    async (folder) => void (await Bun.write(join(folder, "one-player.ts"), SOURCE)),
  );
  const { port } = server.process;
  const counts = { established: 0, deadlines: 0, wrong: 0, reloads: 0 };
  const ending = new AbortController();

  async function keepCalling(player: string, right: string, count: "established" | "deadlines") {
    const connection = await open(port);
    while (!ending.signal.aborted) {
      connection.send(callBytes({ player }));
      if ((await connection.next())?.body.toString() === right) counts[count] += 1;
      else counts.wrong += 1;
    }
    connection.destroy();
  }

  async function keepReloading() {
    while (!ending.signal.aborted) {
      if ((await server.reload()).msg === "reloaded") counts.reloads += 1;
      else counts.wrong += 1;
    }
  }

  // Connected before the flood, as an established caller is.
  const callers = [
    keepCalling("12001", OK, "established"),
    keepCalling("hanging", TIMED_OUT, "deadlines"),
    keepReloading(),
  ];
  const command = [join(import.meta.dir, "flooding.ts"), String(port), String(connections), manners];
  const flood = Bun.spawn([process.execPath, ...command], { stdout: "ignore", stderr: "inherit" });
  await Bun.sleep(seconds * 1000);
  ending.abort();
  await Promise.all(callers);
  const rejected = '{status_code="ERR_INTEGRITY_CHECK_FAILED",reason="bad_signature",endpoint="balance"}';
  const strangers = (await server.metric(`klas_balance_requests_total${rejected}`)) ?? 0;
  // The flood goes on until the stop is over.
  server.process.signal("SIGTERM");
  const exitCode = await server.process.exited;
  flood.kill();
  await flood.exited;
  const ended = server.lines().filter(({ msg }) => /hangs|died|did not stop/.test(msg)).length;
  return { ...counts, strangers, ended, exitCode };
}
