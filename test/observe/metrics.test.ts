import { expect, test } from "bun:test";
import { metricsText, openMetrics } from "../../src/observe/metrics.ts";

async function textOf(
  count: number,
  record: (metrics: ReturnType<typeof openMetrics>) => void,
): Promise<string> {
  const processes = Array.from({ length: count }, () =>
    openMetrics({
      inFlight: () => 0,
      forwardsInFlight: () => 0,
      isSourceUp: () => Promise.resolve(true),
      staleness: () => undefined,
    }),
  );
  for (const metrics of processes) record(metrics);
  // Whoever asks often does not count anything twice.
  for (const metrics of processes) await metrics.snapshot();
  return await metricsText(await Promise.all(processes.map((metrics) => metrics.snapshot())));
}

test("durations are counted at most as long as a bucket's bound, cumulated, and summed over processes", async () => {
  const text = await textOf(2, (metrics) => {
    for (const seconds of [0, 0.000_05, 0.000_051, 0.001, 10, 11])
      metrics.answered("balance", "ok", "OK", seconds);
    metrics.answered("authenticate", "ok", "OK", 0.003);
    metrics.lookedUp("players", "source_timeout", 2.5);
  });
  const name = "klas_balance_request_duration_seconds";
  for (const [le, count] of [
    ["0.00005", 4],
    ["0.0001", 6],
    ["0.0005", 6],
    ["0.001", 8],
    ["2.5", 8],
    ["10", 10],
    ["+Inf", 12],
  ]) {
    expect(text).toContain(`${name}_bucket{le="${le}",endpoint="balance"} ${count}\n`);
  }
  expect(text).toContain(`${name}_count{endpoint="balance"} 12\n`);
  expect(text).toMatch(/_sum\{endpoint="balance"\} 42\.002/);
  expect(text).toContain(`${name}_count{endpoint="authenticate"} 2\n`);
  expect(text).toContain(
    'klas_balance_source_duration_seconds_bucket{le="2.5",source="players",outcome="source_timeout"} 2\n',
  );
  expect(text).toContain('klas_balance_requests_total{status_code="OK",reason="ok",endpoint="balance"} 12\n');
});

test("a refusal's codes are told apart up to a limit, and there is no clock before the first verified call", async () => {
  const text = await textOf(1, (metrics) => {
    for (let code = 0; code < 50; code += 1) metrics.answered("balance", "refused", `ERR_${code}`, 0.001);
  });
  expect(text).toContain('{status_code="ERR_31",reason="refused",endpoint="balance"} 1\n');
  expect(text).toContain('{status_code="other",reason="refused",endpoint="balance"} 18\n');
  expect(text).not.toMatch(/^klas_balance_clock_skew_seconds /m);
  expect(await textOf(2, (metrics) => metrics.skewed(-3))).toContain("klas_balance_clock_skew_seconds -3\n");
});
