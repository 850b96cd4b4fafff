import type { Config } from "../config/load.ts";
import type { Log } from "../observe/log.ts";
import type { ConfigMessage } from "./message.ts";
import { startWorkerProcess, type WorkerProcess } from "./child.ts";

/** How long a worker may take to get up; SQLite may wait for a lock, a core for its answer. */
const START_MS = 30_000;
export const PREPARE_MS = 120_000;
/** A worker that has not answered for this long hangs, in an endless loop of a plugin, say. */
const HANG_MS = 15_000;
const PING_EVERY_MS = 5000;
const FIRST_RESTART_MS = 100;
const MAX_RESTART_MS = 30_000;
/** A worker that lived for this long had no trouble at its start. */
const SOUND_MS = 60_000;

export interface SlotOptions {
  readonly number: number;
  /** The configuration in use. */
  readonly config: () => Config;
  readonly log: Log;
  /** A worker died and is started again. */
  readonly onRestart: () => void;
  readonly onEnd: (pid: number) => void;
}

/** One of the workers, whichever process it is at the moment. */
export interface WorkerSlot {
  readonly number: number;
  readonly worker: WorkerProcess | undefined;
  /** It has started, with the configuration in use. */
  readonly isUp: boolean;
  /** In a row. */
  readonly failures: number;
  /** Throws where it does not start. From then on a process that dies, or hangs, is followed by another. */
  start(): Promise<{ readonly url: string; readonly port: number }>;
  /**
   * Brings it to the configuration in use; a process that is `prepared` has it ready. One that cannot follow starts
   * again, and then with it.
   */
  follow(prepared: readonly WorkerProcess[]): Promise<void>;
  /** Lets it end what is in flight; resolves when it is gone, and none follows. */
  stop(withinMs: number): Promise<void>;
  /** Ends it at once, and none follows. */
  kill(): void;
}

export function workerSlot({ number, config, log, onRestart, onEnd }: SlotOptions): WorkerSlot {
  let worker: WorkerProcess | undefined;
  let isUp = false;
  let isEnding = false;
  let failures = 0;

  async function start(): Promise<{ readonly url: string; readonly port: number }> {
    const starting = startWorkerProcess();
    worker = starting;
    let given = config();
    const { started } = await starting.ask({ type: "start", config: configMessage(given) }, START_MS);
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

  /** For a worker that a reload did not reach, because it started meanwhile. */
  async function bringUpToDate(behind: WorkerProcess): Promise<void> {
    await behind.ask({ type: "prepare", config: configMessage(config()) }, PREPARE_MS);
    await behind.ask({ type: "commit" }, PREPARE_MS);
  }

  async function watch(watched: WorkerProcess): Promise<void> {
    const startedMs = performance.now();
    const exit = await watched.exited;
    worker = undefined;
    isUp = false;
    onEnd(watched.pid);
    if (isEnding) return;
    if (performance.now() - startedMs > SOUND_MS) failures = 0;
    log.error("a worker died", { worker: number, pid: watched.pid, exit });
    void restart();
  }

  async function restart(): Promise<void> {
    onRestart();
    const waitMs = Math.min(FIRST_RESTART_MS * 2 ** failures, MAX_RESTART_MS);
    failures += 1;
    await Bun.sleep(waitMs);
    if (isEnding) return;
    try {
      await start();
      log.info("a worker was started again", { worker: number, pid: worker?.pid ?? 0 });
    } catch (error) {
      // A start that the end of all cut off is no news.
      if (isEnding) return;
      log.error("a worker does not start", { worker: number, problem: reasonOf(error) });
      worker?.kill();
      worker = undefined;
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
        log.error("a worker hangs and is ended", { pid: watched.pid, problem: reasonOf(error) });
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
      if (following === undefined) return;
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
        log.warn("a worker did not stop and is ended", { pid: stopping.pid, problem: reasonOf(error) });
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

export function configMessage({ file, table, server: { host, port } }: Config): ConfigMessage {
  return { file, table, host, port };
}

/** Whole, as a worker says it: of a configuration, every problem. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
