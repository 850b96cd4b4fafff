import type { OpenContext, SourceState } from "../../../src/plugin.ts";
import { firstFit } from "./first-fit.ts";
import type { Host } from "./host.ts";
import { type Connect, HostProblem, type Lane } from "./lane.ts";
import { pauses } from "./pauses.ts";
import { standingOf } from "./standing.ts";

/** How often the idle lanes are looked after. */
const ROUND_MS = 5000;

/**
 * After so long an idle lane is probed, so that no firewall forgets it and a dead one is found before it is needed.
 */
const PROBE_AFTER_MS = 15_000;

/**
 * How soon a host that comes before the one in use is tried again: at first, and at most. One that was left again within
 * the latter is returned to as late as the time before, or later.
 */
const RETURN_MS = { first: 1000, max: 30_000 };

/** How soon all hosts are tried again if none was fit. */
const RETRY_MS = { first: 20, max: 250 };

/** The open lanes: at least one, more if needed, all of them to the first host that is fit. */
export interface Fleet {
  /** An idle lane, or `undefined`. Then another one is opened if the limit allows it, and `onFree` follows. */
  take(): Lane | undefined;
  /** Gives back a lane that answered. */
  putBack(lane: Lane): void;
  /** Probes a lane that was taken, and gives it back. If it fails or is silent it is closed, and this throws. */
  probe(lane: Lane): Promise<void>;
  /** Closes a lane and, if it was the last one, opens another. */
  discard(lane: Lane): void;
  /**
   * A lane has ended by itself, as all of them do, one by one, if their server is shut down. It is closed, and no
   * lane to that host that was begun earlier is used again.
   */
  lost(lane: Lane): void;
  /** A lane to that host has been silent since then. Unless others were answered, idle ones would be as silent. */
  suspect(host: Host, sinceMs: number): void;
  hasSpokenSince(host: Host, timeMs: number): boolean;
  /** Whether any lane is open, be it busy or not. */
  readonly isConnected: boolean;
  /** What is wrong while no host is fit. */
  readonly trouble: HostProblem | undefined;
  state(): SourceState;
  /** Settles with the first lane, or when all hosts have failed once; then with their problem. */
  begin(): Promise<HostProblem | undefined>;
  close(): void;
}

interface FleetOptions {
  readonly hosts: readonly Host[];
  readonly connect: Connect;
  /** Lanes at a time. */
  readonly connections: number;
  /** How long a lane may be silent. */
  readonly patienceMs: number;
  /** Called when a lane is free, or when another one may be opened. */
  readonly onFree: () => void;
}

export function fleet(
  { hosts, connect, connections, patienceMs, onFree }: FleetOptions,
  { log, count }: Pick<OpenContext, "log" | "count">,
): Fleet {
  const standing = standingOf(hosts);
  const open = new Set<Lane>();
  /** The one that was used last is used next. The others are spare, and only probes use them. */
  const idle: Lane[] = [];
  const closing = new AbortController();
  const begun = Promise.withResolvers<HostProblem | undefined>();
  const retrying = pauses(RETRY_MS, tryAgain);
  const returning = pauses(RETURN_MS, () => void returnToFirst());
  const rounds = setInterval(probeIdle, ROUND_MS);
  rounds.unref();
  const begunMs = new WeakMap<Lane, number>();
  const usedMs = new WeakMap<Lane, number>();
  /** When a lane to a host was lost the last time. */
  const lostMs = new Map<Host, number>();
  let opening = 0;
  let trouble: HostProblem | undefined;
  /** The latest problem in the log: it is logged once, not with every attempt. */
  let logged: string | undefined;
  let inUse: Host | undefined;
  let inUseSinceMs = -Infinity;

  function add(): void {
    // While no host is known to answer, one attempt serves all.
    const isEnough = opening + open.size >= connections || (open.size === 0 && opening > 0);
    if (isEnough || retrying.isWaiting || closing.signal.aborted) return;
    opening += 1;
    void openOne();
  }

  async function openOne(): Promise<void> {
    let lane: Lane;
    try {
      lane = await firstFit(standing.inOrder(), reach, closing.signal);
    } catch (error) {
      opening -= 1;
      return noneFit(error);
    }
    // What was opening is open in the same step, or another one could be opened in between.
    opening -= 1;
    adopt(lane);
  }

  async function reach(host: Host, signal: AbortSignal): Promise<Lane> {
    let lane: Lane | undefined;
    let isClosed = false;
    const nowMs = performance.now();
    function onClosed(): void {
      isClosed = true;
      if (lane !== undefined && open.has(lane)) lost(lane);
    }
    try {
      lane = await connect(host, { signal, onClosed });
      begunMs.set(lane, nowMs);
    } catch (error) {
      if (!signal.aborted) standing.failed(host);
      throw error;
    }
    if (!isClosed) return lane;
    lane.close();
    throw new HostProblem(`${host.name} closed the connection`, { mayPass: true });
  }

  function adopt(lane: Lane): void {
    // On the return to the first host one may have been opened beside this one.
    if (closing.signal.aborted || open.size >= connections) return lane.close();
    const isChange = lane.host !== inUse;
    if (trouble !== undefined || isChange) log.info(`connected to ${lane.host.name}`);
    if (isChange && inUse !== undefined) count("host_changed");
    if (lane.host !== hosts[0]) {
      // Each return to a host that connects, and is silent after that, costs lookups half of their time.
      if (isChange && performance.now() - inUseSinceMs > RETURN_MS.max) returning.reset();
      returning.wait();
    }
    if (isChange) inUseSinceMs = performance.now();
    inUse = lane.host;
    trouble = undefined;
    logged = undefined;
    retrying.reset();
    begun.resolve(undefined);
    open.add(lane);
    putBack(lane);
  }

  function noneFit(error: unknown): void {
    const problem = error instanceof HostProblem ? error : new HostProblem(String(error), { mayPass: false });
    begun.resolve(problem);
    if (closing.signal.aborted) return;
    // A server that takes no further connections still answers by those it has.
    const isServed = open.size > 0;
    const words = isServed ? `no further connection can be opened: ${problem.message}` : problem.message;
    if (logged !== words) log[isServed ? "warn" : "error"](words);
    logged = words;
    if (!isServed) trouble = problem;
    retrying.wait();
  }

  function tryAgain(): void {
    if (open.size === 0) add();
    // Whether a further one is still needed, those who wait for it know.
    else onFree();
  }

  function take(): Lane | undefined {
    const lane = idle.pop();
    if (lane === undefined) add();
    return lane;
  }

  function takeIdle(lane: Lane): boolean {
    const index = idle.indexOf(lane);
    if (index >= 0) idle.splice(index, 1);
    return index >= 0;
  }

  function putBack(lane: Lane): void {
    standing.heard(lane.host);
    if (!open.has(lane)) return lane.close();
    usedMs.set(lane, performance.now());
    if (isLeftOver(lane)) discard(lane);
    else idle.push(lane);
    onFree();
  }

  function isLeftOver(lane: Lane): boolean {
    return (begunMs.get(lane) ?? 0) <= (lostMs.get(lane.host) ?? -1);
  }

  function discard(lane: Lane): void {
    const wasOpen = open.delete(lane);
    // One that was busy on the return to the first host is open no more, but its connection still is.
    lane.close();
    if (!wasOpen) return;
    count("connection_discarded");
    takeIdle(lane);
    if (open.size === 0) add();
  }

  function lost(lane: Lane): void {
    // This is known already, and lanes that were begun since then are sound.
    if (!open.has(lane)) return lane.close();
    lostMs.set(lane.host, performance.now());
    discard(lane);
    for (const other of idle.filter(isLeftOver)) discard(other);
  }

  function suspect(host: Host, sinceMs: number): void {
    if (standing.hasSpokenSince(host, sinceMs)) return;
    standing.failed(host);
    for (const lane of idle.filter((each) => each.host === host)) discard(lane);
  }

  /** Lanes to hosts that come later are closed when they are free. */
  async function returnToFirst(): Promise<void> {
    const last = Math.max(...Array.from(open, ({ host }) => hosts.indexOf(host)));
    if (last <= 0 || closing.signal.aborted) return;
    try {
      const lane = await firstFit(hosts.slice(0, last), reach, closing.signal);
      const place = hosts.indexOf(lane.host);
      for (const later of open) {
        if (hosts.indexOf(later.host) <= place) continue;
        open.delete(later);
        if (takeIdle(later)) later.close();
      }
      if (open.size === 0) return adopt(lane);
      // A lane that lookups wanted meanwhile has led there, or to a host before that one.
      lane.close();
      if (place > 0) returning.wait();
    } catch {
      returning.wait();
    }
  }

  function probeIdle(): void {
    const sinceMs = performance.now() - PROBE_AFTER_MS;
    for (const lane of idle.filter((each) => (usedMs.get(each) ?? 0) < sinceMs)) {
      takeIdle(lane);
      // A lane that fails is replaced; nobody waits for it.
      probe(lane).catch(() => {});
    }
  }

  async function probe(lane: Lane): Promise<void> {
    let isSilent = false;
    const sentMs = performance.now();
    const timer = setTimeout(() => {
      isSilent = true;
      suspect(lane.host, sentMs);
      discard(lane);
    }, patienceMs);
    try {
      await lane.probe();
      putBack(lane);
    } catch (error) {
      discard(lane);
      throw isSilent
        ? new HostProblem(`${lane.host.name} does not answer in time`, { mayPass: true })
        : error;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    take,
    putBack,
    probe,
    discard,
    lost,
    suspect,
    hasSpokenSince: (host, timeMs) => standing.hasSpokenSince(host, timeMs),
    state: () => ({
      host: trouble === undefined ? (inUse?.name ?? "none yet") : "none",
      connections: open.size,
      connections_busy: open.size - idle.length,
    }),
    get isConnected() {
      return open.size > 0;
    },
    get trouble() {
      return trouble;
    },
    begin() {
      add();
      return begun.promise;
    },
    close() {
      closing.abort();
      clearInterval(rounds);
      retrying.end();
      returning.end();
      for (const lane of open) lane.close();
      open.clear();
      idle.length = 0;
    },
  };
}
