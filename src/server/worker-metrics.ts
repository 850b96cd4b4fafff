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
  return {
    reported: (pid, snapshots) => void latest.set(pid, snapshots),
    async died(pid) {
      const left = latest.get(pid) ?? [];
      latest.delete(pid);
      ofTheDead = [await sumOfCounts([...ofTheDead, ...left])];
    },
    snapshots: () => [...ofTheDead, ...[...latest.values()].flat()],
  };
}
