import { availableParallelism } from "node:os";
import type { Config } from "../config/load.ts";
import type { Log } from "../observe/log.ts";
import { Failure } from "../failure.ts";
import type { Rehearsal } from "../server/rehearse.ts";
import type { PreparedReload, Server } from "../server/server.ts";
import { assertPortIsFree } from "../answer/port.ts";
import { rememberMetrics } from "./worker-metrics.ts";
import type { WorkerProcess } from "./child.ts";
import { PREPARE_MS, restartingWorker } from "./restarting-worker.ts";
import { askForNews } from "./worker-news.ts";

const REPORT_MS = 5000;
/** What a worker's stop may take beyond the drain. */
const STOP_MS = 5000;

export interface WorkersOptions {
  readonly log: Log;
  /** A worker died and is started again. */
  readonly onRestart: () => void;
}

/** How many processes `server.workers` means. */
export function workerCount({ server }: Config): number {
  return server.workers === "auto" ? availableParallelism() : server.workers;
}

/**
 * Serves with one or several processes on one port; this process is not one of them. One that dies is started again,
 * with back-off, while the rest serve on. Throws if they cannot start.
 */
export async function startWorkers(initial: Config, { log, onRestart }: WorkersOptions): Promise<Server> {
  let config = initial;
  assertPortIsFree(config);
  const metrics = rememberMetrics();
  const newsOf = askForNews();
  const workers = Array.from({ length: workerCount(config) }, (_, index) =>
    restartingWorker({
      number: index + 1,
      config: () => config,
      log,
      onRestart,
      onEnd: (pid) => void metrics.died(pid),
    }),
  );
  const up = () => workers.filter(({ isUp }) => isUp);
  const running = () => workers.flatMap(({ worker }) => worker ?? []);
  const [first, ...others] = workers;
  if (first === undefined) throw new Error("there is at least one worker");

  // If port 0 was asked for, the first worker finds out which one it is.
  const { url, port } = await first.start().catch(endAll);
  config = { ...config, server: { ...config.server, port } };
  await Promise.all(others.map((each) => each.start())).catch(endAll);

  function endAll(problem: unknown): never {
    for (const each of workers) each.kill();
    throw problem;
  }

  let latestWarnings: readonly string[] = [];

  /** What is not ready, per worker. Also keeps their warnings and metrics. */
  async function reports(): Promise<readonly (readonly string[])[]> {
    const warned: string[] = [];
    const notReady = await Promise.all(
      running().map(async (worker) => {
        try {
          const { report } = await worker.ask({ type: "report" }, REPORT_MS);
          metrics.reported(worker.pid, report?.metrics ?? []);
          warned.push(...(report?.warnings ?? []));
          return report?.notReady ?? [];
        } catch {
          if (up().some((each) => each.worker === worker)) metrics.silent(worker.pid);
          return [`the worker with pid ${worker.pid} does not answer`];
        }
      }),
    );
    latestWarnings = [...new Set(warned)];
    return notReady;
  }

  async function prepare(next: Config, { unopened, notReady }: Rehearsal = {}): Promise<PreparedReload> {
    // A worker that starts later listens where the others do, and tells what they tell: these need a restart.
    const { host, workers: count } = config.server;
    const reloaded: Config = {
      ...next,
      admin: config.admin,
      server: { ...next.server, host, port, workers: count },
    };
    const asked = up().flatMap(({ worker }) => worker ?? []);
    const [pioneer, ...followers] = asked;
    // If no worker is up, the next step is a start, which requires no more than this.
    if (pioneer === undefined && unopened !== undefined) throw new Failure(unopened, 2);
    const ask = (worker: WorkerProcess) => worker.ask({ type: "prepare", config: reloaded }, PREPARE_MS);
    try {
      // One goes first: what hangs it does not reach the others.
      const before = pioneer === undefined ? [] : [await ask(pioneer)];
      const answers = [...before, ...(await allOf(followers.map(ask)))];
      return {
        warnings:
          pioneer === undefined && notReady !== undefined
            ? [`${notReady}; no worker is up`]
            : [...new Set(answers.flatMap(({ warnings = [] }) => warnings))],
        async commit() {
          config = reloaded;
          await Promise.all(workers.map((each) => each.follow(asked)));
        },
        discard: () => tell(asked, "discard", PREPARE_MS),
      };
    } catch (error) {
      await tell(asked, "discard", PREPARE_MS);
      throw error;
    }
  }

  return {
    url,
    get config() {
      return config;
    },
    prepare,
    async notReady() {
      const down = workers
        .filter(({ isUp }) => !isUp)
        .map(({ number, failures }) => `worker ${number} is down, after ${failures} failures in a row`);
      const problems = (await reports()).flat();
      return [...down, ...new Set(problems)];
    },
    warnings: () => latestWarnings,
    async metrics() {
      await reports();
      return metrics.snapshots();
    },
    news: (withCalls) => Promise.all(workers.map((each) => newsOf(each, withCalls))),
    follow(players) {
      for (const worker of running()) void worker.ask({ type: "follow", players }, REPORT_MS).catch(() => {});
    },
    beginShutdown: () => void tell(running(), "begin_shutdown", REPORT_MS),
    async stop() {
      const withinMs = config.server.drain_seconds * 1000 + STOP_MS;
      await Promise.all(workers.map((each) => each.stop(withinMs)));
    },
  };
}

/** Like `Promise.all`, but waits until all have settled. */
async function allOf<Result>(promises: readonly Promise<Result>[]): Promise<readonly Result[]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

async function tell(
  workers: readonly WorkerProcess[],
  type: "discard" | "begin_shutdown",
  withinMs: number,
): Promise<void> {
  await Promise.allSettled(workers.map((worker) => worker.ask({ type }, withinMs)));
}
