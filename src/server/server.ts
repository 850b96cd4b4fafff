import type { Config } from "../config/load.ts";
import type { Log } from "../observe/log.ts";
import { openMetrics, type MetricsSnapshot } from "../observe/metrics.ts";
import type { FailingPlayer } from "../observe/outcomes.ts";
import { openRecorder, type Recording } from "../observe/recorder.ts";
import type { SourceState } from "../plugin.ts";
import type { OnStep } from "../source/bind-sources.ts";
import { listen, type Listener } from "../answer/listener.ts";
import { assertPortIsFree } from "../answer/port.ts";
import { openSource, serviceOf, type Service } from "../answer/service.ts";
import type { ServerTls } from "../answer/tls.ts";
import { bindConfig, type BoundConfig } from "./bind.ts";
import { closeSource, nextSource } from "./next-source.ts";
import type { Rehearsal } from "./rehearse.ts";
import { sourceHealth } from "./source-health.ts";

/** What a serving process has to report since it was last asked. */
export interface News {
  readonly recording: Recording;
  readonly inFlight: number;
  /** The source's own state. */
  readonly source: SourceState;
}

/** A worker, and its news if it answers. */
export interface WorkerNews {
  readonly number: number;
  readonly pid: number | undefined;
  readonly isUp: boolean;
  /** Starts in a row that failed or did not last. */
  readonly failures: number;
  readonly news: News | undefined;
  /** The news is the answer to an earlier question: there may be more. */
  readonly isLate: boolean;
}

/** What answers calls: this process or its workers. */
export interface Server {
  readonly url: string;
  /** The configuration in use. */
  readonly config: Config;
  /**
   * Prepares everything for a new configuration. If it throws, nothing has changed. If no worker is up to ask, the
   * rehearsal decides.
   */
  prepare(config: Config, rehearsal?: Rehearsal): Promise<PreparedReload>;
  /** What is not ready, as text for the operator. */
  notReady(): Promise<readonly string[]>;
  /**
   * Problems that do not keep calls from being answered but should be known. With workers, as of the latest
   * `notReady`.
   */
  warnings(): readonly string[];
  metrics(): Promise<readonly MetricsSnapshot[]>;
  /** What was recorded since the last time; the calls themselves only if they are asked for. */
  news(withCalls: boolean): Promise<readonly WorkerNews[]>;
  /** Players who fail somewhere: the next news tells when they were answered. */
  follow(players: readonly FailingPlayer[]): void;
  /** From now on, replies close their connections. */
  beginShutdown(): void;
  /** Answers what is in flight, for `drain_seconds` at most after the last call was accepted, and closes everything. */
  stop(): Promise<void>;
}

/** A configuration that is ready to take over: exactly one of the two is called. */
export interface PreparedReload {
  /** What could not be applied or is not ready, as text for the operator. */
  readonly warnings: readonly string[];
  /** Swaps it in; resolves when what was in use before is closed. */
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export interface ServerOptions {
  readonly log: Log;
  /** Whether other processes of ours may listen on the same port. */
  readonly sharesPort: boolean;
  readonly onStep?: OnStep | undefined;
}

/** All that a reload replaces, as one. */
interface InUse {
  readonly config: Config;
  readonly service: Service;
  readonly tls: ServerTls | undefined;
  readonly listener: Listener;
}

/** One process's server: opens the source and listens. Throws with a message for the operator if that fails. */
export async function startServer(
  initial: Config,
  { log, sharesPort, onStep }: ServerOptions,
): Promise<Server & { readonly port: number }> {
  // Without an admin listener nobody reads them.
  const metrics =
    initial.admin &&
    openMetrics({
      inFlight: () => inUse.service.source.inFlight,
      forwardsInFlight: () => inUse.service.forwarder?.inFlight ?? 0,
      isSourceUp: async () => (await health()) === undefined,
      staleness() {
        const { source, sourceName } = inUse.service;
        const { staleness_ms } = source.state();
        return typeof staleness_ms === "number"
          ? { source: sourceName, seconds: staleness_ms / 1000 }
          : undefined;
      },
    });
  const recorder =
    initial.admin &&
    openRecorder({
      maxFailedBodies: initial.admin.capture_failed,
      hasSiblings: initial.server.workers !== 1,
    });
  const surroundings = { log, metrics, recorder, onStep };
  let inUse = await start(await bindConfig({ valid: true, config: initial }, onStep));
  /** Listeners that a reload took the place of, until their last answers are sent. */
  const replaced = new Map<Listener, Promise<void>>();
  const health = sourceHealth(() => inUse);

  async function start({ config, source, tls, forwarder, warnings }: BoundConfig): Promise<InUse> {
    for (const warning of warnings) log.warn(warning);
    const opened = await openSource(config, source, surroundings);
    try {
      if (tls !== undefined && !sharesPort) assertPortIsFree(config);
      const listener = listenWith(config, config.server.port, tls);
      return { config, service: serviceOf(config, opened, forwarder, surroundings), tls, listener };
    } catch (error) {
      await closeSource(opened, config, log);
      throw error;
    }
  }

  function listenWith({ webhook }: Config, port: number, tls: ServerTls | undefined): Listener {
    // A listener keeps its certificate for life, so a new certificate needs a new listener on the same port.
    const shared = sharesPort || tls !== undefined;
    const { host } = initial.server;
    return listen({ host, port, webhook, tls, sharesPort: shared }, () => inUse.service);
  }

  async function prepare(config: Config): Promise<PreparedReload> {
    const { tls: tlsInUse, listener: listening } = inUse;
    const bound = await bindConfig({ valid: true, config });
    const { tls, forwarder } = bound;
    const { opened, warnings } = await nextSource(bound, inUse, surroundings);
    try {
      const isSameTls = JSON.stringify(tlsInUse) === JSON.stringify(tls);
      // It may get calls at once, and answers them as the others do until all of them follow the new configuration.
      const listener = isSameTls ? listening : listenWith(inUse.config, listening.port, tls);
      const next = { config, service: serviceOf(config, opened, forwarder, surroundings), tls, listener };
      return {
        warnings: [...bound.warnings, ...warnings],
        commit: () => swap(next),
        discard: () => giveUp(next),
      };
    } catch (error) {
      if (opened !== inUse.service.source) await closeSource(opened, config, log);
      throw error;
    }
  }

  async function swap(next: InUse): Promise<void> {
    const before = inUse;
    inUse = next;
    log.configure(next.config.log);
    if (before.listener !== next.listener) stopReplaced(before.listener);
    next.listener.follow(next.config.webhook);
    const { source } = before.service;
    if (source !== next.service.source) await closeSource(source, before.config, log);
  }

  async function giveUp(next: InUse): Promise<void> {
    if (next.listener !== inUse.listener) stopReplaced(next.listener);
    const { source } = next.service;
    if (source !== inUse.service.source) await closeSource(source, next.config, log);
  }

  /** Calls under way on it are still answered. */
  function stopReplaced(listener: Listener): void {
    const stopped = listener
      .settle()
      .then(() => listener.stop())
      .finally(() => replaced.delete(listener));
    replaced.set(listener, stopped);
  }

  async function stop(): Promise<void> {
    const { config, listener, service } = inUse;
    const { drain_seconds } = config.server;
    // The last call that is accepted has all of that time, too: the core may book what it asks for until its deadline.
    await listener.settle();
    const isDrained = await Promise.race([
      Promise.all([listener.stop(), ...replaced.values()]).then(() => true),
      Bun.sleep(drain_seconds * 1000).then(() => false),
    ]);
    if (!isDrained) {
      log.warn("not everything in flight was answered", { drain_seconds });
      for (const each of [listener, ...replaced.keys()]) each.kill();
    }
    await closeSource(service.source, config, log, isDrained ? undefined : 0);
  }

  return {
    url: inUse.listener.url,
    port: inUse.listener.port,
    get config() {
      return inUse.config;
    },
    prepare,
    async notReady() {
      const problem = await health();
      return problem === undefined ? [] : [`the source "${inUse.service.sourceName}": ${problem}`];
    },
    warnings() {
      const { source, sourceName } = inUse.service;
      const { warning } = source.state();
      return warning === undefined ? [] : [`the source "${sourceName}": ${warning}`];
    },
    metrics: async () => (metrics === undefined ? [] : [await metrics.snapshot()]),
    async news(withCalls) {
      const { source } = inUse.service;
      const news = recorder && {
        recording: recorder.take(withCalls),
        inFlight: source.inFlight,
        source: source.state(),
      };
      return [{ number: 1, pid: process.pid, isUp: true, failures: 0, news, isLate: false }];
    },
    follow: (players) => recorder?.follow(players),
    beginShutdown: () => inUse.listener.retire(),
    stop,
  };
}
