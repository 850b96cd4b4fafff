import { type MetricsSnapshot, sourceDown, sumOfCounts } from "../observe/metrics.ts";

/**
 * The workers' metrics as a sum that never goes down, because Prometheus would take that for a restart. The counts of
 * a worker that died are kept, and one that is late with its report counts as before.
 */
export interface WorkerMetrics {
  reported(pid: number, snapshots: readonly MetricsSnapshot[]): void;
  /** A worker that is up did not report: it could not ask the source, whatever it said last. */
  silent(pid: number): void;
  died(pid: number): Promise<void>;
  snapshots(): Promise<readonly MetricsSnapshot[]>;
}

export function rememberMetrics(): WorkerMetrics {
  const latest = new Map<number, readonly MetricsSnapshot[]>();
  const silent = new Set<number>();
  let ofTheDead: readonly MetricsSnapshot[] = [];
  let adding: Promise<void> = Promise.resolve();

  async function add(pid: number): Promise<void> {
    const sum = await sumOfCounts([...ofTheDead, ...(latest.get(pid) ?? [])]);
    // In one step, so that it is never missing or counted twice.
    latest.delete(pid);
    silent.delete(pid);
    ofTheDead = [sum];
  }

  return {
    reported(pid, snapshots) {
      latest.set(pid, snapshots);
      silent.delete(pid);
    },
    silent: (pid) => void silent.add(pid),
    // One at a time, so that of two that die at once both are added.
    died: (pid) => (adding = adding.then(() => add(pid))),
    async snapshots() {
      const down = silent.size === 0 ? [] : [await sourceDown()];
      return [...ofTheDead, ...[...latest.values()].flat(), ...down];
    },
  };
}
