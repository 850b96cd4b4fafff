import type { Config } from "../config/load.ts";
import { Failure } from "../failure.ts";
import type { Log } from "../observe/log.ts";
import { openMetrics, type MetricsSnapshot } from "../observe/metrics.ts";
import { messageOf } from "../source/thrown.ts";
import { assertPortIsFree, listen, type Listener } from "../answer/listener.ts";
import { openService, type Service } from "../answer/service.ts";
import { readinessProblem } from "../answer/probe.ts";
import { readServerTls, type ServerTls } from "../answer/tls.ts";

/** What answers calls: this process, or workers of it. */
export interface Serving {
  readonly url: string;
  /** Makes everything ready for a new configuration; throws where that cannot be, and nothing has changed. */
  prepare(config: Config): Promise<PreparedReload>;
  /** What is not ready, in words. */
  notReady(): Promise<readonly string[]>;
  metrics(): Promise<readonly MetricsSnapshot[]>;
  /** Answers from now on close their connections. */
  beginShutdown(): void;
  /** Answers what is in flight, for `drain_seconds` at the most, and closes everything. */
  stop(): Promise<void>;
}

/** A configuration that is ready to take over: exactly one of the two is called. */
export interface PreparedReload {
  /** Swaps it in; resolves when what was in use before is closed. */
  commit(): Promise<void>;
  discard(): Promise<void>;
}

export interface InstanceOptions {
  readonly log: Log;
  /** Whether other processes of ours may listen on the same port. */
  readonly sharesPort: boolean;
}

/** How long is waited for a source that is closed; one that is replaced goes on closing after that. */
const CLOSE_MS = 2000;

/** A source is not asked for its health more often than this, however often somebody wants to know. */
const HEALTH_IS_FRESH_MS = 1000;
/** Who wants to know how the source is must not hang with it, whatever the deadline of a lookup. */
const HEALTH_MS = 2000;

/** One process's serving: opens the source and listens. Throws with a message for the operator where that fails. */
export async function startInstance(
  initial: Config,
  { log, sharesPort }: InstanceOptions,
): Promise<Serving & { readonly port: number }> {
  let config = initial;
  const { host } = initial.server;
  // Without an admin listener nobody reads them.
  const metrics = initial.admin && openMetrics({ inFlight: () => service.source.inFlight, isSourceUp });
  let service = await openService(config, { log, metrics });
  let tls = await readServerTls(config);
  let listener = await listenOrClose();
  let checkedMs = -Infinity;
  let health: Promise<string | undefined> = Promise.resolve(undefined);

  function listenWith(port: number, itsTls: ServerTls | undefined): Listener {
    // A certificate is a listener's for life: a new one comes with a new listener on the same port.
    const options = {
      host,
      port,
      path: config.webhook.path,
      tls: itsTls,
      sharesPort: sharesPort || itsTls !== undefined,
    };
    return listen(options, () => service);
  }

  async function listenOrClose(): Promise<Listener> {
    try {
      if (tls !== undefined && !sharesPort) assertPortIsFree(config);
      return listenWith(config.server.port, tls);
    } catch (error) {
      await closeSource(service, log);
      throw error;
    }
  }

  function sourceHealth(): Promise<string | undefined> {
    if (performance.now() - checkedMs > HEALTH_IS_FRESH_MS) {
      checkedMs = Infinity;
      const asked = service;
      health = readinessProblem(asked.source, config.webhook.probe_player).finally(() => {
        // One that was replaced meanwhile says nothing of the one that is there now.
        if (asked === service) checkedMs = performance.now();
      });
    }
    const late = Bun.sleep(HEALTH_MS).then(() => `the check did not end within ${HEALTH_MS} ms`);
    return Promise.race([health, late]);
  }

  async function isSourceUp(): Promise<boolean> {
    return (await sourceHealth()) === undefined;
  }

  async function prepare(next: Config): Promise<PreparedReload> {
    if ((tls === undefined) !== (next.server.tls === undefined)) {
      throw new Failure("server.tls: turning TLS on or off needs a restart", 2);
    }
    const nextTls = await readServerTls(next);
    const nextService = await openService(next, { log, metrics });
    try {
      const problem = await readinessProblem(nextService.source, next.webhook.probe_player);
      if (problem !== undefined) throw new Failure(`the source "${nextService.sourceName}": ${problem}`, 1);
      const isSameTls = JSON.stringify(tls) === JSON.stringify(nextTls);
      const nextListener = isSameTls ? undefined : listenWith(listener.port, nextTls);
      return {
        commit: () => commit(next, nextService, nextTls, nextListener),
        async discard() {
          void nextListener?.stop();
          await closeSource(nextService, log);
        },
      };
    } catch (error) {
      await closeSource(nextService, log);
      throw error;
    }
  }

  async function commit(
    next: Config,
    nextService: Service,
    nextTls: ServerTls | undefined,
    nextListener: Listener | undefined,
  ): Promise<void> {
    const previous = { service, listener };
    config = next;
    service = nextService;
    checkedMs = -Infinity;
    log.configure(next.log);
    if (nextListener !== undefined) {
      tls = nextTls;
      listener = nextListener;
      // Who is connected to the old one gets the answer to what was asked.
      void previous.listener.stop();
    }
    listener.setPath(next.webhook.path);
    await closeSource(previous.service, log);
  }

  async function stop(): Promise<void> {
    const { drain_seconds } = config.server;
    const isDrained = await Promise.race([
      listener.stop().then(() => true),
      Bun.sleep(drain_seconds * 1000).then(() => false),
    ]);
    if (!isDrained) {
      log.warn("not everything in flight was answered", { drain_seconds });
      listener.kill();
    }
    await closeSource(service, log, isDrained ? undefined : 0);
  }

  return {
    url: listener.url,
    port: listener.port,
    prepare,
    async notReady() {
      const problem = await sourceHealth();
      return problem === undefined ? [] : [`the source "${service.sourceName}": ${problem}`];
    },
    metrics: async () => (metrics === undefined ? [] : [await metrics.snapshot()]),
    beginShutdown: () => listener.retire(),
    stop,
  };
}

/** Waits for the lookups that are under way, then for the source, and for neither of them too long. */
async function closeSource({ source, sourceName }: Service, log: Log, waitMs?: number): Promise<void> {
  const closing = source.close(waitMs).then(() => true);
  try {
    const isClosed = await Promise.race([closing, Bun.sleep(CLOSE_MS).then(() => false)]);
    if (!isClosed) log.warn("the source is still closing", { source: sourceName });
  } catch (error) {
    log.error("the source did not close", { source: sourceName, problem: messageOf(error) });
  }
}
