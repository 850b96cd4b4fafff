import type { Config } from "../config/load.ts";
import { openLog, type Log } from "../observe/log.ts";
import { openLifecycleMetrics } from "../observe/metrics.ts";
import { endProcess } from "../source/process.ts";
import { catchStrayErrors } from "../source/stray-errors.ts";
import { listenForAdmin } from "./admin.ts";
import { type Serving, startInstance } from "./instance.ts";
import { openServiceManager } from "./service-manager.ts";
import { startWorkers, workerCount } from "./workers.ts";

/** A second signal ends the process at once. One this close to the first is the same: a terminal and a parent both sent it. */
const SAME_SIGNAL_MS = 50;
const LAST_FLUSH_MS = 200;

/**
 * Starts what the configuration says and serves until SIGTERM or SIGINT. Resolves when what was in flight is
 * answered and everything is closed; throws where it cannot start. SIGHUP reads the configuration again.
 */
export async function serve(
  load: () => Promise<Config>,
  onReady: (config: Config, url: string) => void,
): Promise<void> {
  const initial = await load();
  let config = initial;
  const log = openLog(config.log);
  catchStrayErrors((message, fields) => log.error(message, fields));
  const metrics = openLifecycleMetrics();
  const serving = await startServing(config, log, () => metrics.restarted());
  let reloadProblem: string | undefined;
  let isShuttingDown = false;
  const admin =
    config.admin &&
    listenForAdmin(config.admin, {
      notReady: async () => [...(isShuttingDown ? ["shutting down"] : []), ...(await serving.notReady())],
      warnings: () => (reloadProblem === undefined ? [] : [`the latest reload failed: ${reloadProblem}`]),
      metrics: async () => [await metrics.snapshot(), ...(await serving.metrics())],
    });
  const serviceManager = openServiceManager(process.env);

  async function reload(): Promise<void> {
    serviceManager.notify("--reloading");
    try {
      const next = await load();
      const prepared = await serving.prepare(next);
      if (isShuttingDown) return await prepared.discard();
      await prepared.commit();
      warnOfRestart(initial, next, log);
      config = next;
      log.configure(next.log);
      reloadProblem = undefined;
      log.always("reloaded", { source: config.source.name, plugin: config.source.plugin });
    } catch (error) {
      reloadProblem = error instanceof Error ? error.message : String(error);
      log.error("the reload failed; the configuration before it stays in use", { problem: reloadProblem });
    }
    metrics.reloaded(reloadProblem === undefined);
    serviceManager.notify("--ready");
  }

  const signalled = untilSignalled(reload, log);
  log.always("listening", {
    url: serving.url,
    source: config.source.name,
    plugin: config.source.plugin,
    ...(admin === undefined ? {} : { admin: admin.url }),
  });
  await log.flush();
  serviceManager.notify("--ready");
  onReady(config, serving.url);

  const signal = await signalled;
  isShuttingDown = true;
  serviceManager.notify("--stopping");
  const { lame_duck_seconds, drain_seconds } = config.server;
  log.info("draining", { signal, lame_duck_seconds, drain_seconds });
  serving.beginShutdown();
  await Bun.sleep(lame_duck_seconds * 1000);
  await serving.stop();
  admin?.stop();
  serviceManager.stop();
  log.info("stopped");
  await log.flush();
}

function startServing(config: Config, log: Log, onRestart: () => void): Promise<Serving> {
  if (workerCount(config) > 1) return startWorkers(config, { log, onRestart });
  return startInstance(config, { log, sharesPort: false });
}

/** Resolves with the first signal to end; runs `reload` on SIGHUP, one after another. */
function untilSignalled(reload: () => Promise<void>, log: Log): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      process.on(signal, () => {
        if (firstMs === undefined) {
          firstMs = performance.now();
          resolve(signal);
        } else if (performance.now() - firstMs > SAME_SIGNAL_MS) {
          void Promise.race([log.flush(), Bun.sleep(LAST_FLUSH_MS)]).then(() => endProcess(1));
        }
      });
    }
    // Log rotation sends one of them to whatever writes a log; by default they end the process.
    for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, () => {});
    let reloading = Promise.resolve();
    let isWaiting = false;
    process.on("SIGHUP", () => {
      // A reload that has not begun yet will see this change too.
      if (isWaiting) return;
      isWaiting = true;
      reloading = reloading.then(() => {
        isWaiting = false;
        return reload();
      });
    });
  });
}

/** What only a start can change. */
function warnOfRestart(initial: Config, next: Config, log: Log): void {
  const fixed = {
    "server.host": (config: Config) => config.server.host,
    "server.port": (config: Config) => config.server.port,
    "server.workers": (config: Config) => config.server.workers,
    admin: (config: Config) => JSON.stringify(config.admin),
  };
  const changed = Object.entries(fixed).flatMap(([key, valueOf]) =>
    valueOf(initial) === valueOf(next) ? [] : [key],
  );
  if (changed.length > 0) log.warn("a change needs a restart to take effect", { keys: changed.join(", ") });
}
