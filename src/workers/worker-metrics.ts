import { type MetricsSnapshot, sumOfCounts } from "../observe/metrics.ts";

/**
 * The workers' metrics as a sum that never goes down, because Prometheus would take that for a restart. The counts of
 * a worker that died are kept, and one that is late with its report counts as before.
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
    // One at a time, so that of two that die at once both are added.
    died: (pid) => (adding = adding.then(() => add(pid))),
    snapshots: () => [...ofTheDead, ...[...latest.values()].flat()],
  };
}
