import { addressSet } from "../config/address.ts";
import type { Config } from "../config/load.ts";
import type { Log } from "../observe/log.ts";
import { type MetricsSnapshot, sourceDown, tellsOfSource } from "../observe/metrics.ts";
import type { Server } from "../server/server.ts";
import { consoleSubject, type RunningServer } from "./console.ts";
import { failingAlike } from "./failing-alike.ts";
import { type AdminListener, listenForAdmin } from "./listener.ts";
import type { AdminSubject } from "./routes.ts";
import { watchMetrics } from "./watch-metrics.ts";
import { watchServer } from "./watch.ts";

/** The server that the admin listener reports on. */
export interface Administered {
  /** As it is at the moment. */
  running(): RunningServer;
  /** `undefined` until it has started. */
  server(): Server | undefined;
  metrics(): Promise<readonly MetricsSnapshot[]>;
}

/**
 * Opens the admin listener and begins to watch the server. Throws, with a message for the operator, if the port
 * cannot be had.
 */
export function openAdmin(
  options: Config["admin"] & {},
  administered: Administered,
  log: Log,
): AdminListener {
  const watch = watchServer(() => administered.server(), options.capture_failed);
  const seen = watchMetrics(watch, () => administered.running().config.webhook.secrets);
  const running = (): RunningServer => {
    const server = administered.running();
    const failing = failingAlike(watch.timeline, Date.now());
    return {
      ...server,
      warnings: () => [...server.warnings(), ...(failing === undefined ? [] : [failing.warning])],
    };
  };
  const subject = {
    notReady: () => running().notReady(),
    warnings: () => running().warnings(),
    async metrics() {
      const told = await administered.metrics();
      return [...told, ...(told.some(tellsOfSource) ? [] : [await sourceDown()]), await seen()];
    },
    trustedProxies: trustedProxies(() => administered.running().config),
    console: consoleSubject(running, watch),
  };
  const listener = listenForAdmin(options, subject, log);
  return {
    url: listener.url,
    stop() {
      watch.stop();
      listener.stop();
    },
  };
}

/** Those of the configuration in use. The set is made once per configuration. */
function trustedProxies(config: () => Config): AdminSubject["trustedProxies"] {
  let list: Config["server"]["trusted_proxies"];
  let set: ReturnType<AdminSubject["trustedProxies"]>;
  return () => {
    const now = config().server.trusted_proxies;
    if (now !== list) set = now && addressSet(now);
    list = now;
    return set;
  };
}
