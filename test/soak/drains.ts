import { OK, operate, SECRET, STATIC } from "../operations/operated.ts";
import { type Failed, startLoad } from "./load.ts";

export interface DrainCounts {
  readonly drains: number;
  answered: number;
  wrong: number;
  /** Lost, although the server had answered them: that must not be. */
  lostInFlight: number;
  /** Lost on a connection that had served before: that must not be, because its last answer would have said so. */
  lostOnUsedConnection: number;
  /** Lost, the first on their connections, and the server never saw them: they came as the port closed. */
  lostUnseen: number;
  /** Ended with another status than 0. */
  failedExits: number;
}

/** Starts, loads and drains again and again. Each lookup takes a while, so that some are always under way. */
export async function soakDrains(drains: number, workers: number): Promise<DrainCounts> {
  const total: DrainCounts = {
    drains,
    answered: 0,
    wrong: 0,
    lostInFlight: 0,
    lostOnUsedConnection: 0,
    lostUnseen: 0,
    failedExits: 0,
  };
  for (let drain = 1; drain <= drains; drain += 1) {
    const source = `${STATIC}\ndelay_ms = 20`;
    await using server = await operate({ server: `workers = ${workers}`, source, admin: false });
    const { port } = server.process;
    await using load = startLoad({ port, keepAlive: 8, fresh: 8, secret: () => SECRET, right: () => [OK] });
    await Bun.sleep(100 + (drain % 10) * 7);
    server.process.signal("SIGTERM");
    if ((await server.process.exited) !== 0) total.failedExits += 1;
    const { answered, failed } = await load.stop();
    total.answered += answered;
    const seen = new Set(server.lines().map((line) => line["request_id"]));
    for (const each of failed) classify(each, seen, total);
  }
  return total;
}

function classify({ how, isFirst, requestId }: Failed, seen: ReadonlySet<unknown>, total: DrainCounts): void {
  if (how === "wrong") total.wrong += 1;
  else if (seen.has(requestId)) total.lostInFlight += 1;
  else if (!isFirst) total.lostOnUsedConnection += 1;
  else total.lostUnseen += 1;
}
