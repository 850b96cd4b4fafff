import { availableParallelism } from "node:os";
import type { Config } from "../config/load.ts";
import type { Log } from "../observe/log.ts";
import type { Serving } from "./instance.ts";
import { assertPortIsFree } from "./listener.ts";
import { rememberMetrics } from "./worker-metrics.ts";
import { startWorkerProcess, type WorkerProcess } from "./worker-process.ts";

/** How long a worker may take to get up; SQLite may wait for a lock, a core for its answer. */
const START_MS = 30_000;
const PREPARE_MS = 120_000;
const REPORT_MS = 5000;
/** What a worker's stop may take beyond the drain. */
const STOP_MS = 5000;
/** A worker that has not answered for this long hangs, in an endless loop of a plugin, say. */
const HANG_MS = 15_000;
const PING_EVERY_MS = 5000;
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** A worker that lived for this long had no trouble at its start. */
const SOUND_MS = 60_000;

export interface WorkersOptions {
  readonly log: Log;
  /** A worker died and is started again. */
  readonly onRestart: () => void;
}

/** One of the workers, whichever process it is at the moment. */
interface Slot {
  readonly number: number;
  process: WorkerProcess | undefined;
  /** It has started, with the configuration in use. */
  isUp: boolean;
  /** In a row. */
  failures: number;
}

/** How many processes `server.workers` means. */
export function workerCount({ server }: Config): number {
  return server.workers === "auto" ? availableParallelism() : server.workers;
}

/**
 * Serves with one process or several on one port, none of them this one. One that dies is started again, with
 * back-off, and the rest serve on. Throws where they cannot start.
 */
export async function startWorkers(initial: Config, { log, onRestart }: WorkersOptions): Promise<Serving> {
  let config = initial;
  let isStopping = false;
  assertPortIsFree(config);
  const metrics = rememberMetrics();
  const slots: Slot[] = Array.from({ length: workerCount(config) }, (_, index) => ({
    number: index + 1,
    process: undefined,
    isUp: false,
    failures: 0,
  }));
  const running = () => slots.flatMap((slot) => slot.process ?? []);
  const up = () => slots.filter(({ isUp }) => isUp).flatMap((slot) => slot.process ?? []);
  const [first, ...others] = slots;
  if (first === undefined) throw new Error("there is at least one worker");

  // The first one finds out the port, where 0 was asked for.
  const { url, port } = await startOrEnd([first]);
  config = { ...config, server: { ...config.server, port } };
  if (others.length > 0) await startOrEnd(others);

  async function startOrEnd(
    starting: readonly Slot[],
  ): Promise<{ readonly url: string; readonly port: number }> {
    const results = await Promise.allSettled(starting.map(start));
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      isStopping = true;
      for (const worker of running()) worker.kill();
      throw result.reason;
    }
    const [result] = results;
    if (result?.status !== "fulfilled") throw new Error("a start without a result");
    return result.value;
  }

  async function start(slot: Slot): Promise<{ readonly url: string; readonly port: number }> {
    const worker = startWorkerProcess();
    slot.process = worker;
    let given = config;
    const { started } = await worker.ask({ type: "start", config: messageOf(given) }, START_MS);
    if (started === undefined) throw new Error("a worker that started says where");
    while (given !== config) {
      given = config;
      await bringUpToDate(worker);
    }
    slot.isUp = true;
    void watch(slot, worker);
    void endIfHanging(worker);
    return started;
  }

  /** For a worker that a reload did not reach, because it started meanwhile. */
  async function bringUpToDate(worker: WorkerProcess): Promise<void> {
    await worker.ask({ type: "prepare", config: messageOf(config) }, PREPARE_MS);
    await worker.ask({ type: "commit" }, PREPARE_MS);
  }

  /** Brings a worker to the configuration in use. One that cannot follow starts again, and then with it. */
  async function follow(worker: WorkerProcess, isPrepared: boolean): Promise<void> {
    try {
      await (isPrepared ? worker.ask({ type: "commit" }, PREPARE_MS) : bringUpToDate(worker));
    } catch {
      worker.kill();
    }
  }

  async function watch(slot: Slot, worker: WorkerProcess): Promise<void> {
    const startedMs = performance.now();
    const exit = await worker.exited;
    slot.process = undefined;
    slot.isUp = false;
    void metrics.died(worker.pid);
    if (isStopping) return;
    if (performance.now() - startedMs > SOUND_MS) slot.failures = 0;
    log.error("a worker died", { worker: slot.number, pid: worker.pid, exit });
    void restart(slot);
  }

  async function restart(slot: Slot): Promise<void> {
    onRestart();
    const waitMs = Math.min(FIRST_RESTART_MS * 2 ** slot.failures, MAX_RESTART_MS);
    slot.failures += 1;
    await Bun.sleep(waitMs);
    if (isStopping) return;
    try {
      await start(slot);
      log.info("a worker was started again", { worker: slot.number, pid: slot.process?.pid ?? 0 });
    } catch (error) {
      // A start that the end of all cut off is no news.
      if (isStopping) return;
      log.error("a worker does not start", { worker: slot.number, problem: messageOfError(error) });
      slot.process?.kill();
      slot.process = undefined;
      void restart(slot);
    }
  }

  /** A worker that hangs is ended, and then started again like one that died. */
  async function endIfHanging(worker: WorkerProcess): Promise<void> {
    for (;;) {
      await Bun.sleep(PING_EVERY_MS);
      try {
        await worker.ask({ type: "ping" }, HANG_MS);
      } catch (error) {
        if (!worker.isAlive() || isStopping) return;
        log.error("a worker hangs and is ended", { pid: worker.pid, problem: messageOfError(error) });
        worker.kill();
        return;
      }
    }
  }

  /** What is not ready, by worker; their metrics are remembered on the way. */
  async function reports(): Promise<readonly (readonly string[])[]> {
    return await Promise.all(
      running().map(async (worker) => {
        try {
          const { report } = await worker.ask({ type: "report" }, REPORT_MS);
          metrics.reported(worker.pid, report?.metrics ?? []);
          return report?.notReady ?? [];
        } catch {
          return [`the worker with pid ${worker.pid} does not answer`];
        }
      }),
    );
  }

  async function end(worker: WorkerProcess): Promise<void> {
    try {
      await worker.ask({ type: "stop" }, config.server.drain_seconds * 1000 + STOP_MS);
    } catch (error) {
      log.warn("a worker did not stop and is ended", { pid: worker.pid, problem: messageOfError(error) });
    }
    worker.kill();
    await worker.exited;
  }

  return {
    url,
    async prepare(next) {
      // Whoever starts later listens where the others do.
      const reloaded = { ...next, server: { ...next.server, host: config.server.host, port } };
      const asked = up();
      const message = messageOf(reloaded);
      const results = await Promise.allSettled(
        asked.map((worker) => worker.ask({ type: "prepare", config: message }, PREPARE_MS)),
      );
      const failed = results.find((result) => result.status === "rejected");
      if (failed !== undefined) {
        await tell(asked, "discard", PREPARE_MS);
        throw failed.reason;
      }
      return {
        async commit() {
          config = reloaded;
          await Promise.all(up().map((worker) => follow(worker, asked.includes(worker))));
        },
        discard: () => tell(asked, "discard", PREPARE_MS),
      };
    },
    async notReady() {
      const down = slots
        .filter(({ isUp }) => !isUp)
        .map(({ number, failures }) => `worker ${number} is down, for the ${failures}. time in a row`);
      const problems = (await reports()).flat();
      return [...down, ...new Set(problems)];
    },
    async metrics() {
      await reports();
      return metrics.snapshots();
    },
    beginShutdown: () => void tell(running(), "begin_shutdown", REPORT_MS),
    async stop() {
      isStopping = true;
      await Promise.all(running().map(end));
    },
  };
}

async function tell(
  workers: readonly WorkerProcess[],
  type: "discard" | "begin_shutdown",
  withinMs: number,
): Promise<void> {
  await Promise.allSettled(workers.map((worker) => worker.ask({ type }, withinMs)));
}

function messageOf({ file, table, server: { host, port } }: Config) {
  return { file, table, host, port };
}

function messageOfError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
