import type { SQL } from "bun";
import type { SourceState } from "../../src/plugin.ts";
import type { Host } from "../shared/lanes/host.ts";
import { HostProblem, LaneLost } from "../shared/lanes/lane.ts";
import { closeNow } from "../shared/lanes/sql-lane.ts";
import { explainStatement } from "./failure.ts";
import { isLost } from "./server-error.ts";
import { clientOf, type Reach } from "./session.ts";

/** How often a server is looked at, at least; more often if the bound is low. */
const LOOK_EVERY_MS = 1000;
const LOOKS_PER_BOUND = 4;

/** How long to wait for the primary's first word to a replica that was not known. */
const FIRST_WORD_MS = 3000;

/** A server, watched over a connection of its own, so that each answer knows at once how far it may be behind. */
export interface Watched {
  /** How far it is behind its primary at most, in milliseconds; `undefined` if that is not known; 0 is a primary. */
  stalenessMs(): number | undefined;
  /** Waits until it is near enough. Throws a `HostProblem` if it is not soon, or is another server than `serverId`. */
  assertNear(serverId: unknown): Promise<void>;
  /** Throws `LaneLost` if it is not near enough now. */
  assertIsNear(): void;
  close(): void;
}

/** What one look at a replica showed. */
interface Look {
  /** When it began. */
  readonly atMs: number;
  readonly serverId: string;
  /** Up to when the primary's commits are applied of what has arrived: all of it is `Infinity`, and not known `-Infinity`. */
  readonly appliedMs: number;
  /** Changes with whatever arrives from the primary, if only a heartbeat. `undefined` on a primary. */
  readonly mark: string | undefined;
}

function watchServer(
  host: Host,
  {
    client: clientTo,
    maxStalenessMs,
    unfit,
  }: {
    readonly client: (host: Host) => SQL;
    readonly maxStalenessMs: number;
    readonly unfit: string;
  },
): Watched {
  const everyMs = Math.min(LOOK_EVERY_MS, maxStalenessMs / LOOKS_PER_BOUND);
  let client: SQL | undefined;
  let latest: Look | undefined;
  /** The primary was heard after that. */
  let heardMs: number | undefined;
  let problem: unknown;
  let isClosed = false;
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => void look(), everyMs);
  timer.unref();

  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => (looking = undefined));
    return looking;
  }

  async function lookOnce(): Promise<void> {
    if (isClosed) return;
    const asked = (client ??= clientTo(host));
    const late = setTimeout(() => closeNow(asked), LOOK_EVERY_MS);
    try {
      const next = await lookBy(asked);
      if (latest !== undefined && latest.serverId === next.serverId && latest.mark !== next.mark)
        heardMs = latest.atMs;
      latest = next;
      problem = undefined;
    } catch (error) {
      problem = error;
      closeNow(asked);
      client = undefined;
    } finally {
      clearTimeout(late);
    }
  }

  function stalenessMs(): number | undefined {
    if (latest === undefined) return undefined;
    const nowMs = performance.now();
    if (latest.mark === undefined) return nowMs - latest.atMs <= maxStalenessMs ? 0 : undefined;
    const upToMs = Math.min(heardMs ?? -Infinity, latest.appliedMs);
    return Number.isFinite(upToMs) ? nowMs - upToMs : undefined;
  }

  /** It will not get better by waiting. */
  const isRefused = () => problem !== undefined && !isLost(problem);
  const isNear = () => (stalenessMs() ?? Infinity) <= maxStalenessMs;

  return {
    stalenessMs,
    async assertNear(serverId) {
      const untilMs = performance.now() + FIRST_WORD_MS;
      await look();
      while (!isNear() && !isRefused() && performance.now() < untilMs) {
        await Bun.sleep(everyMs);
        await look();
      }
      if (isRefused()) {
        throw new HostProblem(`${host.name} ${explainStatement(problem)}`, { mayPass: false });
      }
      if (latest !== undefined && latest.serverId !== String(serverId)) {
        throw new HostProblem(`${host.name} ${SEVERAL_SERVERS}`, { mayPass: false });
      }
      if (!isNear()) throw new HostProblem(`${host.name} ${unfit}`, { mayPass: true });
    },
    assertIsNear() {
      if (!isNear()) throw new LaneLost(`${host.name} ${unfit}`);
    },
    close() {
      isClosed = true;
      clearInterval(timer);
      if (client !== undefined) closeNow(client);
    },
  };
}

const SEVERAL_SERVERS =
  "leads to several servers, so that it is not known which one is how far behind: name each of them in hosts, or leave max_staleness_ms out";

async function lookBy(client: SQL): Promise<Look> {
  const atMs = performance.now();
  const [[serverId, takesWrites] = []] = await client
    .unsafe<unknown[][]>("SELECT @@global.server_id, CAST(@@global.read_only AS CHAR) IN ('0', 'OFF')")
    .values();
  const rows = Array.from(await client.unsafe<Record<string, unknown>[]>("SHOW ALL SLAVES STATUS"));
  const [row] = rows;
  const given = { atMs, serverId: String(serverId) };
  if (row === undefined) {
    return Number(takesWrites) === 1
      ? { ...given, appliedMs: Infinity, mark: undefined }
      : { ...given, appliedMs: -Infinity, mark: "" };
  }
  const text = (name: string) => String(row[name]);
  const received = `${text("Master_Log_File")} ${text("Read_Master_Log_Pos")}`;
  const applied = `${text("Relay_Master_Log_File")} ${text("Exec_Master_Log_Pos")}`;
  // While the connection to the primary is not up, there is no telling; with several primaries, neither.
  const runs = rows.length === 1 && text("Slave_IO_Running") === "Yes" && text("Slave_SQL_Running") === "Yes";
  // In whole seconds, cut off.
  const behindMs = 1000 * (Number(row["Seconds_Behind_Master"] ?? Infinity) + 1);
  const appliedMs = received === applied ? Infinity : atMs - behindMs;
  return {
    ...given,
    appliedMs: runs ? appliedMs : -Infinity,
    mark: `${received} ${text("Slave_received_heartbeats")}`,
  };
}

/** The watches of a source, one per server, begun when it is first connected to. */
export function watchesOver(reach: Reach, maxStalenessMs: number) {
  const unfit = `is a replica that may be more than ${maxStalenessMs} ms behind its primary`;
  const all = new Map<string, { readonly name: string; readonly watched: Watched }>();

  function over(host: Host): Watched {
    const key = `${host.name} ${host.address ?? ""}`;
    const known = all.get(key);
    if (known !== undefined) return known.watched;
    const watched = watchServer(host, { client: (each) => clientOf(reach(each)), maxStalenessMs, unfit });
    all.set(key, { name: host.name, watched });
    return watched;
  }

  /** Of the host of that name; if it has several addresses, of the farthest. */
  function staleness(hostName: string): SourceState {
    const known = Array.from(all.values(), ({ name, watched }) =>
      name === hostName ? watched.stalenessMs() : undefined,
    ).filter((each) => each !== undefined);
    return known.length === 0 ? {} : { staleness_ms: Math.round(Math.max(...known)) };
  }

  function close(): void {
    for (const { watched } of all.values()) watched.close();
    all.clear();
  }

  return { over, staleness, close };
}
