import type { Config, Reading } from "../config/load.ts";
import { endpointPath } from "../answer/listener.ts";
import { secretWarnings, tokenWarnings } from "../config/secret-warnings.ts";
import { type Log, openLog } from "../observe/log.ts";
import { openLifecycleMetrics } from "../observe/lifecycle-metrics.ts";
import { endProcess } from "../host-process.ts";
import { openAdmin } from "../admin/admin.ts";
import type { RunningServer } from "../admin/console.ts";
import { type Server, startServer } from "../server/server.ts";
import { catchStrayErrors } from "../source/stray-errors.ts";
import { messageOf } from "../source/thrown.ts";
import { startWorkers, workerCount } from "../workers/supervisor.ts";
import { sourcesOfOwnFiles, prepareReload, startable, warnOfRestart } from "./reload.ts";
import { serviceNotification } from "./service-notification.ts";
import { listenToSignals } from "./signals.ts";

/** A shutdown step that never finishes, in a plugin for example, must not keep the process alive forever. */
export const END_MARGIN_MS = 15_000;

/**
 * Starts what the configuration says and serves until SIGTERM or SIGINT. Resolves when what was in flight is
 * answered and everything is closed; throws if it cannot start. SIGHUP reads the configuration again.
 */
export async function serve(
  read: () => Promise<Reading>,
  onReady: (config: Config, url: string) => void,
): Promise<void> {
  const initial = await startable(await read());
  const log = openLog(initial.log, { isShared: isSupervised(initial) });
  catchStrayErrors((message, fields) => log.error(message, fields));
  const signals = listenToSignals(log);
  const metrics = openLifecycleMetrics();
  let server: Server | undefined;
  let stage: "starting" | "serving" | "shutting down" = "starting";
  let latestReload: RunningServer["reload"] = null;
  const startedMs = Date.now();
  const running = (): RunningServer => ({
    config: server?.config ?? initial,
    startedMs,
    url: server === undefined ? "" : endpointOf(server),
    reload: latestReload,
    notReady: async () => [...(stage === "serving" ? [] : [stage]), ...((await server?.notReady()) ?? [])],
    warnings: () => [
      ...((latestReload?.problem ?? null) === null
        ? []
        : [`the latest reload failed: ${latestReload?.problem}`]),
      ...(server?.warnings() ?? []),
      ...secretWarnings((server?.config ?? initial).webhook.secrets),
      ...tokenWarnings(initial.admin?.token),
    ],
  });
  const admin =
    initial.admin &&
    openAdmin(
      initial.admin,
      {
        running,
        server: () => server,
        metrics: async () => [await metrics.snapshot(), ...((await server?.metrics()) ?? [])],
      },
      log,
    );
  const service = serviceNotification(process.env);

  async function reload(current: Server): Promise<void> {
    if (stage === "shutting down") return;
    service.notify("RELOADING=1");
    try {
      const prepared = await prepareReload(await read(), current, {
        isSupervised: isSupervised(initial),
      });
      if (stage !== "serving") return await prepared.discard();
      await prepared.commit();
      const { config } = prepared;
      log.configure(config.log);
      warnOfRestart(initial, config, log);
      warnOfSecrets(config, log);
      for (const warning of prepared.warnings) log.warn(warning);
      log.always("reloaded", { source: config.source.name, plugin: config.source.plugin });
      latestReload = { time_ms: Date.now(), problem: null };
    } catch (error) {
      const problem = messageOf(error);
      latestReload = { time_ms: Date.now(), problem };
      log.error("the reload failed; the configuration before it stays in use", { problem });
    }
    metrics.reloaded(latestReload.problem === null);
    service.notify("READY=1");
  }

  const starting = start(initial, log, () => metrics.restarted());
  server = await Promise.race([starting, signals.ended.then(() => undefined)]);
  if (server !== undefined) {
    const started = server;
    stage = "serving";
    warnOfSecrets(initial, log);
    for (const warning of tokenWarnings(initial.admin?.token)) log.warn(warning);
    log.always("listening", {
      url: started.url,
      source: initial.source.name,
      plugin: initial.source.plugin,
      ...(admin === undefined ? {} : { admin: admin.url }),
    });
    await log.flush();
    service.notify("READY=1");
    onReady(initial, started.url);
    signals.onReload(() => reload(started));
  }

  const signal = await signals.ended;
  stage = "shutting down";
  service.notify("STOPPING=1");
  const { lame_duck_seconds, drain_seconds } = (server?.config ?? initial).server;
  log.info("draining", { signal, lame_duck_seconds, drain_seconds });
  if (server !== undefined) {
    setTimeout(() => endProcess(1), (lame_duck_seconds + drain_seconds) * 1000 + END_MARGIN_MS).unref();
    server.beginShutdown();
    await Bun.sleep(lame_duck_seconds * 1000);
    await server.stop();
  }
  admin?.stop();
  service.stop();
  log.info("stopped");
  await log.flush();
}

/**
 * With an admin listener, calls are answered in another process, so that a flood that takes every file handle does
 * not lock the operator out. The same goes for an operator's own plugin: whatever it does, this process still gets
 * its signals.
 */
function isSupervised(config: Config): boolean {
  return workerCount(config) > 1 || config.admin !== undefined || sourcesOfOwnFiles(config).length > 0;
}

function start(config: Config, log: Log, onRestart: () => void): Promise<Server> {
  if (isSupervised(config)) return startWorkers(config, { log, onRestart });
  return startServer(config, { log, sharesPort: false });
}

/** A reload may have changed the path. */
function endpointOf({ url, config }: Server): string {
  return new URL(endpointPath(config.webhook.path), url).href;
}

function warnOfSecrets({ webhook }: Config, log: Log): void {
  for (const warning of secretWarnings(webhook.secrets)) log.warn(warning);
}
