import { Failure } from "../failure.ts";
import type { FromWorker, ToWorker } from "./message.ts";

type WithoutNumber<Message> = Message extends unknown ? Omit<Message, "ask"> : never;

/** A worker as the supervisor sees it. */
export interface WorkerProcess {
  readonly pid: number;
  isAlive(): boolean;
  /** The exit status or the signal's name. */
  readonly exited: Promise<string>;
  /** Tells it something and waits for the answer. Throws where it cannot do it, dies, or does not answer in time. */
  ask(message: WithoutNumber<ToWorker>, withinMs: number): Promise<FromWorker>;
  kill(): void;
}

/** The hidden command that a worker is started with. */
export const WORKER_COMMAND = "worker";

/** This program again: a compiled binary is its own entry, from source the entry is named. */
function workerCommand(): string[] {
  return [process.execPath, ...(Bun.isStandaloneExecutable ? [] : [Bun.main]), WORKER_COMMAND];
}

/** The system itself ends a worker whose supervisor is gone, whatever the worker is doing (PR_SET_PDEATHSIG). */
const ENDS_WITH_PARENT = { BUN_FEATURE_FLAG_NO_ORPHANS: "1" };

export function startWorkerProcess(): WorkerProcess {
  const waiting = new Map<number, (answer: FromWorker) => void>();
  let asked = 0;
  const child = Bun.spawn(workerCommand(), {
    stdin: "ignore",
    stdout: "inherit",
    stderr: "inherit",
    // A configuration may hold what JSON does not: dates, and numbers that are not finite.
    serialization: "advanced",
    env: { ...process.env, ...ENDS_WITH_PARENT },
    ipc(message: FromWorker) {
      waiting.get(message.ask)?.(message);
      waiting.delete(message.ask);
    },
  });
  async function untilExited(): Promise<string> {
    const status = await child.exited;
    const how = String(child.signalCode ?? `status ${status}`);
    for (const [ask, answer] of waiting) answer({ ask, problem: `the worker died (${how})` });
    return how;
  }

  return {
    pid: child.pid,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    exited: untilExited(),
    ask(message, withinMs) {
      asked += 1;
      const ask = asked;
      return new Promise((resolve, reject) => {
        child.send({ ask, ...message });
        const timer = setTimeout(() => {
          waiting.delete(ask);
          reject(new Failure(`the worker with pid ${child.pid} did not answer within ${withinMs} ms`, 1));
        }, withinMs);
        waiting.set(ask, (answer) => {
          clearTimeout(timer);
          if (answer.problem === undefined) resolve(answer);
          else reject(new Failure(answer.problem, 2));
        });
      });
    },
    kill: () => child.kill("SIGKILL"),
  };
}
