import { type MetricsSnapshot, sumOfCounts } from "../observe/metrics.ts";

/**
 * The workers' metrics as a sum that never goes down, which Prometheus would take for a restart of everything: what a
 * worker had counted stays when it dies, and one that is late with its report stands as it was before.
 */
export interface WorkerMetrics {
  reported(pid: number, snapshots: readonly MetricsSnapshot[]): void;
  died(pid: number): Promise<void>;
  snapshots(): readonly MetricsSnapshot[];
}

export function rememberMetrics(): WorkerMetrics {
  const latest = new Map<number, readonly MetricsSnapshot[]>();
  let ofTheDead: readonly MetricsSnapshot[] = [];
  let adding: Promise<void> = Promise.resolve();

  async function add(pid: number): Promise<void> {
    const sum = await sumOfCounts([...ofTheDead, ...(latest.get(pid) ?? [])]);
    // In one step, so that it is never missing or counted twice.
    latest.delete(pid);
    ofTheDead = [sum];
  }

  return {
    reported: (pid, snapshots) => void latest.set(pid, snapshots),
    // One after another: of two that died at once, each adds to what the other one left.
    died: (pid) => (adding = adding.then(() => add(pid))),
    snapshots: () => [...ofTheDead, ...[...latest.values()].flat()],
  };
}
