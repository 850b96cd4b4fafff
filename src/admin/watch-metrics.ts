import { Counter, Gauge, Registry } from "prom-client";
import type { MetricsSnapshot } from "../observe/metrics.ts";
import { secretId } from "../observe/recorder.ts";
import { FAILING_REASONS, failingAlike } from "./failing-alike.ts";
import type { Watch } from "./watch.ts";

/** Metrics about the server as a whole. `secrets` are those of the configuration in use. */
export function watchMetrics(watch: Watch, secrets: () => readonly string[]): () => Promise<MetricsSnapshot> {
  const registry = new Registry();
  const registers = [registry];
  const uses = new Counter({
    name: "klas_balance_secret_uses_total",
    help: "Calls that the secret at this position in webhook.secrets verified. It starts again from 0 if the secret changes.",
    labelNames: ["position"],
    registers,
  });
  const lastUse = new Gauge({
    name: "klas_balance_secret_last_used_timestamp_seconds",
    help: "When the secret at this position verified a call last; 0 if it never did.",
    labelNames: ["position"],
    registers,
  });
  const alike = new Gauge({
    name: "klas_balance_failing_alike",
    help: "1 if nearly all calls of the last 3 minutes ended for this reason, and did not before.",
    labelNames: ["reason"],
    registers,
  });

  return async () => {
    await watch.refresh();
    uses.reset();
    lastUse.reset();
    for (const [index, secret] of secrets().entries()) {
      const position = String(index + 1);
      const used = watch.usesOf(secretId(secret));
      uses.inc({ position }, used?.uses ?? 0);
      lastUse.set({ position }, (used?.last_used_ms ?? 0) / 1000);
    }
    const failing = failingAlike(watch.timeline, Date.now());
    for (const reason of FAILING_REASONS) alike.set({ reason }, failing?.reason === reason ? 1 : 0);
    return await registry.getMetricsAsJSON();
  };
}
