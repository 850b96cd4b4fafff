import type { Config } from "../config/load.ts";
import type { Log } from "../observe/log.ts";
import { messageOf } from "../source/thrown.ts";
import { startWorkerProcess, type WorkerProcess } from "./child.ts";

/** How long a worker may take to start: SQLite may wait for a lock, or a core may be slow to answer. */
export const START_MS = 30_000;
export const PREPARE_MS = 120_000;
/** A worker that has not answered for this long hangs, for example in an endless loop of a plugin. */
const HANG_MS = 15_000;
const PING_EVERY_MS = 5000;
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** A worker that ran for this long did not fail at its start. */
const SOUND_MS = 60_000;

export interface RestartingWorkerOptions {
  readonly number: number;
  /** The configuration in use. */
  readonly config: () => Config;
  readonly log: Log;
  /** A worker died and is started again. */
  readonly onRestart: () => void;
  readonly onEnd: (pid: number) => void;
}

/** A worker that is started again, with back-off, whenever its process dies or hangs. */
export interface RestartingWorker {
  readonly number: number;
  readonly worker: WorkerProcess | undefined;
  /** It has started, with the configuration in use. */
  readonly isUp: boolean;
  /** Failed starts in a row. */
  readonly failures: number;
  /** Throws if it does not start. From then on, a process that dies or hangs is replaced. */
  start(): Promise<{ readonly url: string; readonly port: number }>;
  /**
   * Brings the worker to the configuration in use, which a `prepared` process has ready. One that cannot follow is
   * started again with it; one that waits to be started again is started at once.
   */
  follow(prepared: readonly WorkerProcess[]): Promise<void>;
  /** Lets it finish what is in flight. Resolves when it is gone; it is not replaced. */
  stop(withinMs: number): Promise<void>;
  /** Kills it at once; it is not replaced. */
  kill(): void;
}

export function restartingWorker({
  number,
  config,
  log,
  onRestart,
  onEnd,
}: RestartingWorkerOptions): RestartingWorker {
  let worker: WorkerProcess | undefined;
  let isUp = false;
  let isEnding = false;
  let failures = 0;
  let wait = Promise.withResolvers<void>();

  async function start(): Promise<{ readonly url: string; readonly port: number }> {
    const starting = startWorkerProcess();
    worker = starting;
    void forget(starting);
    let given = config();
    const { started } = await starting.load({ type: "start", config: given }, START_MS);
    if (started === undefined) throw new Error("a worker that started says where");
    while (given !== config()) {
      given = config();
      await bringUpToDate(starting);
    }
    isUp = true;
    void watch(starting);
    void endIfHanging(starting);
    return started;
  }

  /**
   * Whether it started or not, it leaves its place here, and its counts are added to those of workers that have
   * ended.
   */
  async function forget(starting: WorkerProcess): Promise<void> {
    await starting.exited;
    if (worker === starting) worker = undefined;
    onEnd(starting.pid);
  }

  /** For a worker that started while a reload was under way. */
  async function bringUpToDate(behind: WorkerProcess): Promise<void> {
    await behind.ask({ type: "prepare", config: config() }, PREPARE_MS);
    await behind.ask({ type: "commit" }, PREPARE_MS);
  }

  async function watch(watched: WorkerProcess): Promise<void> {
    const startedMs = performance.now();
    const exit = await watched.exited;
    isUp = false;
    if (isEnding) return;
    if (performance.now() - startedMs > SOUND_MS) failures = 0;
    log.error("a worker died", { worker: number, pid: watched.pid, exit });
    void restart();
  }

  async function restart(): Promise<void> {
    onRestart();
    const waitMs = Math.min(FIRST_RESTART_MS * 2 ** failures, MAX_RESTART_MS);
    failures += 1;
    wait = Promise.withResolvers();
    await Promise.race([Bun.sleep(waitMs), wait.promise]);
    if (isEnding) return;
    try {
      await start();
      log.info("a worker was started again", { worker: number, pid: worker?.pid ?? 0 });
    } catch (error) {
      // A start that a shutdown interrupts is not worth a line.
      if (isEnding) return;
      log.error("a worker does not start", { worker: number, problem: messageOf(error) });
      worker?.kill();
      void restart();
    }
  }

  async function endIfHanging(watched: WorkerProcess): Promise<void> {
    for (;;) {
      await Bun.sleep(PING_EVERY_MS);
      try {
        await watched.ask({ type: "ping" }, HANG_MS);
      } catch (error) {
        if (!watched.isAlive() || isEnding) return;
        log.error("a worker hangs and is ended", { pid: watched.pid, problem: messageOf(error) });
        watched.kill();
        return;
      }
    }
  }

  return {
    number,
    get worker() {
      return worker;
    },
    get isUp() {
      return isUp;
    },
    get failures() {
      return failures;
    },
    start,
    async follow(prepared) {
      const following = worker;
      if (!isUp || following === undefined) {
        // The reason why it did not start may have gone with the old configuration. One that is starting notices by
        // itself.
        failures = 0;
        wait.resolve();
        return;
      }
      try {
        if (prepared.includes(following)) await following.ask({ type: "commit" }, PREPARE_MS);
        else await bringUpToDate(following);
      } catch {
        following.kill();
      }
    },
    async stop(withinMs) {
      isEnding = true;
      const stopping = worker;
      if (stopping === undefined) return;
      try {
        await stopping.ask({ type: "stop" }, withinMs);
      } catch (error) {
        log.warn("a worker did not stop and is ended", { pid: stopping.pid, problem: messageOf(error) });
      }
      stopping.kill();
      await stopping.exited;
    },
    kill() {
      isEnding = true;
      worker?.kill();
    },
  };
}
