import type { Config } from "./load.ts";

/** Whatever may take longer than a stop waits, as warnings. */
export function drainWarnings({ server, webhook }: Pick<Config, "server" | "webhook">): readonly string[] {
  const { timeout_ms: lookupMs, forward } = webhook;
  return [
    ["webhook.timeout_ms", lookupMs, "a slow lookup is cut off"] as const,
    [
      "webhook.forward.timeout_ms",
      forward?.timeout_ms ?? 0,
      "a call is cut off that the core may have booked",
    ] as const,
  ]
    .filter(([, timeoutMs]) => timeoutMs > server.drain_seconds * 1000)
    .map(
      ([key, timeoutMs, loss]) =>
        `${key} (${timeoutMs}) is longer than server.drain_seconds (${server.drain_seconds}): on a stop, ${loss}`,
    );
}
