import type { Config } from "../config/load.ts";
import { secretWarnings } from "../config/secret-warnings.ts";
import { Failure } from "../failure.ts";
import { type Log, openLog } from "../observe/log.ts";
import { openLifecycleMetrics } from "../observe/lifecycle-metrics.ts";
import { endProcess } from "../host-process.ts";
import { messageOf } from "../source/thrown.ts";
import { catchStrayErrors } from "../source/stray-errors.ts";
import { listenForAdmin } from "../admin/listener.ts";
import { type Serving, startInstance } from "./instance.ts";
import { openServiceManager } from "./readiness-notification.ts";
import { listenToSignals } from "./signals.ts";
import { startWorkers, workerCount } from "../workers/supervisor.ts";

/** A step of the end that never ends, in a plugin say, must not keep the process for ever. */
export const END_MARGIN_MS = 15_000;

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
  const log = openLog(config.log, { isShared: isSupervised(config) });
  catchStrayErrors((message, fields) => log.error(message, fields));
  const signals = listenToSignals(log);
  const metrics = openLifecycleMetrics();
  let serving: Serving | undefined;
  let stage: "starting" | "serving" | "shutting down" = "starting";
  let reloadProblem: string | undefined;
  const admin =
    config.admin &&
    listenForAdmin(config.admin, {
      notReady: async () => [...(stage === "serving" ? [] : [stage]), ...((await serving?.notReady()) ?? [])],
      warnings: () => [
        ...(reloadProblem === undefined ? [] : [`the latest reload failed: ${reloadProblem}`]),
        ...secretWarnings(config.webhook.secrets),
      ],
      metrics: async () => [await metrics.snapshot(), ...((await serving?.metrics()) ?? [])],
    });
  const serviceManager = openServiceManager(process.env);

  async function reload(current: Serving): Promise<void> {
    if (stage === "shutting down") return;
    serviceManager.notify("RELOADING=1");
    try {
      const next = await load();
      const prepared = await current.prepare(next);
      if (stage !== "serving") return await prepared.discard();
      await prepared.commit();
      warnOfRestart(initial, next, log);
      config = next;
      log.configure(next.log);
      reloadProblem = undefined;
      warnOfSecrets(next, log);
      log.always("reloaded", { source: config.source.name, plugin: config.source.plugin });
    } catch (error) {
      // What is wrong with a configuration is told whole, as a start does.
      reloadProblem = error instanceof Failure ? error.message : messageOf(error);
      log.error("the reload failed; the configuration before it stays in use", { problem: reloadProblem });
    }
    metrics.reloaded(reloadProblem === undefined);
    serviceManager.notify("READY=1");
  }

  const starting = startServing(config, log, () => metrics.restarted());
  serving = await Promise.race([starting, signals.ended.then(() => undefined)]);
  if (serving !== undefined) {
    const started = serving;
    stage = "serving";
    warnOfSecrets(config, log);
    log.always("listening", {
      url: started.url,
      source: config.source.name,
      plugin: config.source.plugin,
      ...(admin === undefined ? {} : { admin: admin.url }),
    });
    await log.flush();
    serviceManager.notify("READY=1");
    onReady(config, started.url);
    signals.onReload(() => reload(started));
  }

  const signal = await signals.ended;
  stage = "shutting down";
  serviceManager.notify("STOPPING=1");
  const { lame_duck_seconds, drain_seconds } = config.server;
  log.info("draining", { signal, lame_duck_seconds, drain_seconds });
  if (serving !== undefined) {
    setTimeout(() => endProcess(1), (lame_duck_seconds + drain_seconds) * 1000 + END_MARGIN_MS).unref();
    serving.beginShutdown();
    await Bun.sleep(lame_duck_seconds * 1000);
    await serving.stop();
  }
  admin?.stop();
  serviceManager.stop();
  log.info("stopped");
  await log.flush();
}

/**
 * Where somebody looks after the server, calls are answered in another process: a flood that takes all file handles,
 * or a plugin that hangs, must not keep him out.
 */
function isSupervised(config: Config): boolean {
  return workerCount(config) > 1 || config.admin !== undefined;
}

function startServing(config: Config, log: Log, onRestart: () => void): Promise<Serving> {
  if (isSupervised(config)) return startWorkers(config, { log, onRestart });
  return startInstance(config, { log, sharesPort: false });
}

function warnOfSecrets({ webhook }: Config, log: Log): void {
  for (const warning of secretWarnings(webhook.secrets)) log.warn(warning);
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
