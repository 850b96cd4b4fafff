import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { Failure } from "../failure.ts";
import { type WorkerAnswer, type FromWorker, receivedFailure, type ToWorker } from "./message.ts";

type WithoutNumber<Message> = Message extends unknown ? Omit<Message, "ask"> : never;

/** A worker as the supervisor sees it. */
export interface WorkerProcess {
  readonly pid: number;
  isAlive(): boolean;
  /** How it ended: its exit status, the signal's name, or why the supervisor killed it. */
  readonly exited: Promise<string>;
  /**
   * Sends a message and waits for the answer. Throws if the worker cannot do it, dies, or does not answer in time.
   */
  ask(message: WithoutNumber<ToWorker>, withinMs: number): Promise<WorkerAnswer>;
  /** Like `ask`, for messages that load an operator's code: memory is limited, too. */
  load(message: WithoutNumber<ToWorker>, withinMs: number): Promise<WorkerAnswer>;
  kill(): void;
}

/** The hidden command that a worker is started with. */
export const WORKER_COMMAND = "worker";

/** This program again. A compiled binary is its own entry point; from source it must be named. */
function workerCommand(): string[] {
  return [process.execPath, ...(Bun.isStandaloneExecutable ? [] : [Bun.main]), WORKER_COMMAND];
}

/** The system itself kills a worker whose supervisor is gone, whatever the worker is doing (PR_SET_PDEATHSIG). */
const ENDS_WITH_PARENT = { BUN_FEATURE_FLAG_NO_ORPHANS: "1" };

/**
 * The memory that a worker may take while it loads and opens a source. Without a limit it could take all there is,
 * and bring down the workers that serve.
 */
const MAX_LOADING_BYTES = Math.min(4 * 1024 ** 3, process.constrainedMemory() || Infinity, totalmem()) / 2;
const LOOK_EVERY_MS = 100;
const PAGE_BYTES = 4096;

export function startWorkerProcess(): WorkerProcess {
  const waiting = new Map<number, (answer: WorkerAnswer) => void>();
  let asked = 0;
  let step: string | undefined;
  let killedBecause: string | undefined;
  const child = Bun.spawn(workerCommand(), {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    // A configuration may hold what JSON cannot: maps, dates, and numbers that are not finite.
    serialization: "advanced",
    env: { ...process.env, ...ENDS_WITH_PARENT },
    ipc(message: FromWorker) {
      if ("step" in message) {
        step = message.step;
        return;
      }
      step = undefined;
      waiting.get(message.ask)?.(message);
      waiting.delete(message.ask);
    },
  });
  const doing = () => (step === undefined ? "" : `, while ${step}`);
  const isAlive = () => child.exitCode === null && child.signalCode === null;

  async function untilExited(): Promise<string> {
    const status = await child.exited;
    const how = killedBecause ?? String(child.signalCode ?? `status ${status}`);
    const failure = { message: `the worker died (${how})${doing()}`, exitStatus: 2 } as const;
    for (const [number, answer] of waiting) answer({ ask: number, failure });
    return how;
  }

  function ask(message: WithoutNumber<ToWorker>, withinMs: number): Promise<WorkerAnswer> {
    asked += 1;
    const number = asked;
    return new Promise((resolve, reject) => {
      child.send({ ask: number, ...message });
      const timer = setTimeout(() => {
        waiting.delete(number);
        reject(new Failure(`the worker did not answer within ${withinMs} ms${doing()}`, 2));
      }, withinMs);
      waiting.set(number, (answer) => {
        clearTimeout(timer);
        if (answer.failure === undefined) resolve(answer);
        else reject(receivedFailure(answer.failure));
      });
    });
  }

  return {
    pid: child.pid,
    isAlive,
    exited: untilExited(),
    ask,
    async load(message, withinMs) {
      const watch = setInterval(() => {
        if (residentBytes(child.pid) <= MAX_LOADING_BYTES || !isAlive()) return;
        killedBecause = `it took more than ${Math.round(MAX_LOADING_BYTES / 1024 ** 2)} MiB of memory`;
        child.kill("SIGKILL");
      }, LOOK_EVERY_MS);
      try {
        return await ask(message, withinMs);
      } finally {
        clearInterval(watch);
      }
    },
    kill: () => child.kill("SIGKILL"),
  };
}

/** A process's resident memory on Linux (proc(5)). Elsewhere it is unknown, and only time is limited. */
function residentBytes(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES;
  } catch {
    return 0;
  }
}
