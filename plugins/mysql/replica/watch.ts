import type { SQL } from "bun";
import type { Host } from "../../shared/lanes/host.ts";
import { HostProblem, LaneLost } from "../../shared/lanes/lane.ts";
import { closeNow } from "../../shared/lanes/sql-lane.ts";
import { isLost } from "../server-error.ts";
import { clientOf, type Reach } from "../session.ts";
import { afterLook, type Knowledge, NOTHING_KNOWN } from "./knowledge.ts";
import { explainLook, lookAt } from "./look.ts";
import { primaryAmong } from "./primary.ts";

/** How often a server is looked at: this often in the time that it may be behind, but within these limits. */
const LOOKS_PER_BOUND = 8;
const LOOK_EVERY_MS = { min: 10, max: 1000 };

/** How long one look may take. */
const LOOK_MS = 2000;

/** How long a new server has to prove that it is near, and how soon it is looked at again meanwhile. */
const FIRST_PROOF_MS = 3000;
const FIRST_PROOF_EVERY_MS = 50;

/** A server, watched over a connection of its own, so that each answer knows at once how old it may be. */
export interface Watch {
  /** How far it is behind its primary at most, in milliseconds; `undefined` if that is not known; 0 is a primary. */
  stalenessMs(): number | undefined;
  /** Waits until it is near enough. Throws a `HostProblem` if it is not soon, or is not the lane's server. */
  assertNear(server: string): Promise<void>;
  /** Reads by a lane to that server. Throws `LaneLost` if what it reads may be too old, or became so on its way. */
  reading<Result>(server: string, read: () => Promise<Result>): Promise<Result>;
  close(): void;
}

interface WatchOptions {
  readonly hosts: readonly Host[];
  readonly reach: Reach;
  readonly maxStalenessMs: number;
}

export function watchServer(host: Host, { hosts, reach, maxStalenessMs }: WatchOptions): Watch {
  const everyMs = Math.min(Math.max(maxStalenessMs / LOOKS_PER_BOUND, LOOK_EVERY_MS.min), LOOK_EVERY_MS.max);
  const primary = primaryAmong(hosts, reach);
  let client: SQL | undefined;
  let known: Knowledge = NOTHING_KNOWN;
  /** How far the time of day was ahead of the steady clock at the latest look. */
  let clocksApartMs = 0;
  let problem: unknown;
  let isClosed = false;
  let looking: Promise<void> | undefined;
  let asking = new AbortController();
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();

  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => (looking = undefined));
    return looking;
  }

  async function lookOnce(): Promise<void> {
    if (isClosed) return;
    const apartMs = Date.now() - performance.now();
    // What was known before this machine was suspended is older than the steady clock tells.
    if (apartMs - clocksApartMs > everyMs) known = NOTHING_KNOWN;
    let own: SQL | undefined;
    try {
      const mine = (own = client ??= connect());
      const seen = await inTime(
        () => lookAt(mine),
        () => drop(mine),
      );
      if (client !== mine) return;
      const { standing } = seen;
      const ofPrimary =
        standing.kind === "replica"
          ? await inTime((signal) => primary.look(standing.primaryId, signal))
          : undefined;
      // What a connection showed that has ended meanwhile may not be so any more.
      if (client !== mine) return;
      known = afterLook(known, { seen, primary: ofPrimary, boundMs: maxStalenessMs });
      clocksApartMs = apartMs;
      problem = undefined;
    } catch (error) {
      problem = error;
      if (own !== undefined) drop(own);
    }
  }

  async function inTime<Result>(
    ask: (signal: AbortSignal) => Promise<Result>,
    giveUp?: () => void,
  ): Promise<Result> {
    asking = new AbortController();
    const { signal } = asking;
    if (giveUp !== undefined) signal.addEventListener("abort", giveUp);
    const late = setTimeout(() => asking.abort(), LOOK_MS);
    try {
      return await ask(signal);
    } finally {
      clearTimeout(late);
    }
  }

  function connect(): SQL {
    const own: SQL = clientOf(reach(host), () => drop(own));
    return own;
  }

  /** A server that was restarted may have lost what it had. */
  function drop(own: SQL): void {
    closeNow(own);
    if (client !== own) return;
    client = undefined;
    known = NOTHING_KNOWN;
  }

  /** The steady clock leaves out the time in which this machine was suspended. */
  function isOlder(upToMs: number): boolean {
    const suspendedMs = Math.max(0, Date.now() - performance.now() - clocksApartMs);
    return performance.now() + suspendedMs - upToMs > maxStalenessMs;
  }

  function isNear(server: string): boolean {
    return known.server === server && !isOlder(known.upToMs);
  }

  /** The server says so itself, and waiting does not change it. */
  const isRefused = () => problem !== undefined && !isLost(problem);
  const isOpen = () => !isClosed;

  function unfit(server: string): string {
    if (known.server !== undefined && known.server !== server) return `${host.name} ${SEVERAL_SERVERS}`;
    const reason = known.doubt === undefined ? "" : `: ${known.doubt}`;
    return `${host.name} is a replica that may be more than ${maxStalenessMs} ms behind its primary${reason}`;
  }

  return {
    stalenessMs() {
      if (!Number.isFinite(known.upToMs)) return undefined;
      const behindMs = performance.now() - known.upToMs;
      // A primary is not behind itself, but it may have ceased to be one.
      return known.primaryId === undefined && behindMs <= maxStalenessMs ? 0 : behindMs;
    },
    async assertNear(server) {
      const untilMs = performance.now() + FIRST_PROOF_MS;
      // A look that began earlier may have been at a server that was restarted since.
      await looking;
      await look();
      while (!isNear(server) && !isRefused() && isOpen() && performance.now() < untilMs) {
        await Bun.sleep(Math.min(everyMs, FIRST_PROOF_EVERY_MS));
        await look();
      }
      if (isNear(server)) return;
      throw isRefused()
        ? new HostProblem(`${host.name} ${explainLook(problem)}`, { mayPass: false })
        : new HostProblem(unfit(server), { mayPass: known.server === undefined || known.server === server });
    },
    async reading(server, read) {
      if (!isNear(server)) throw new LaneLost(unfit(server));
      // A look meanwhile may show what the answer does not have yet.
      const { upToMs } = known;
      const result = await read();
      if (isOlder(upToMs)) throw new LaneLost(unfit(server));
      return result;
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      asking.abort();
      if (client !== undefined) drop(client);
      primary.close();
    },
  };
}

export const SEVERAL_SERVERS =
  "leads to several servers, so that it is not known which one is how far behind: name each of them in hosts, or leave max_staleness_ms out";
