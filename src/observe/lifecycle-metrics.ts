import { Counter, Gauge, Registry } from "prom-client";
import type { MetricsSnapshot } from "./metrics.ts";

/** Metrics that are counted once, however many processes serve. */
export interface LifecycleMetrics {
  /** A reload ended. */
  reloaded(succeeded: boolean): void;
  /** A worker died and is started again. */
  restarted(): void;
  snapshot(): Promise<MetricsSnapshot>;
}

export function openLifecycleMetrics(): LifecycleMetrics {
  const registry = new Registry();
  const registers = [registry];
  const reloads = new Counter({
    name: "klas_balance_reloads_total",
    help: "Reloads of the configuration.",
    labelNames: ["result"],
    registers,
  });
  const lastReload = new Gauge({
    name: "klas_balance_last_reload_successful",
    help: "1 if the latest reload took effect, 0 if the configuration before it is still in use.",
    registers,
  });
  const restarts = new Counter({
    name: "klas_balance_worker_restarts_total",
    help: "Workers that died and were started again.",
    registers,
  });
  lastReload.set(1);
  return {
    reloaded(succeeded) {
      reloads.inc({ result: succeeded ? "succeeded" : "failed" });
      lastReload.set(succeeded ? 1 : 0);
    },
    restarted: () => restarts.inc(),
    snapshot: () => registry.getMetricsAsJSON(),
  };
}
