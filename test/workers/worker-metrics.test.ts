import { expect, test } from "bun:test";
import { metricsText, type MetricsSnapshot, openMetrics } from "../../src/observe/metrics.ts";
import { rememberMetrics, type WorkerMetrics } from "../../src/workers/worker-metrics.ts";

/** What a worker reports that has answered one call. */
async function oneCall(): Promise<readonly MetricsSnapshot[]> {
  const metrics = openMetrics({
    inFlight: () => 0,
    forwardsInFlight: () => 0,
    isSourceUp: () => Promise.resolve(true),
    staleness: () => undefined,
  });
  metrics.answered("balance", "ok", "OK", 0.001);
  return [await metrics.snapshot()];
}

async function calls(metrics: WorkerMetrics): Promise<string | undefined> {
  return /^klas_balance_requests_total\{.*\} (.*)$/m.exec(await metricsText(await metrics.snapshots()))?.[1];
}

test("workers that die at the same time all leave what they counted, and at every moment", async () => {
  const metrics = rememberMetrics();
  for (const pid of [1, 2, 3]) metrics.reported(pid, await oneCall());
  expect(await calls(metrics)).toBe("3");
  const dying = [metrics.died(1), metrics.died(2)];
  expect(await calls(metrics)).toBe("3");
  await Promise.all(dying);
  expect(await calls(metrics)).toBe("3");
  await metrics.died(3);
  expect(await calls(metrics)).toBe("3");
});
