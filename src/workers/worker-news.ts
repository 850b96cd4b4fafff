import type { News, WorkerNews } from "../server/server.ts";
import type { WorkerProcess } from "./child.ts";
import type { RestartingWorker } from "./restarting-worker.ts";

/** A worker tells from memory. The console waits no longer than this for one that is busy. */
const NEWS_MS = 1000;
/** A worker that answers nothing for so long was ended before. */
const GIVEN_UP_MS = 60_000;

interface Asked {
  readonly news: Promise<News | undefined>;
  isLate: boolean;
}

/**
 * Asks workers for their news. What a worker tells it forgets, so an answer that comes late is not dropped: it is the
 * answer to the next question.
 */
export function askForNews(): (worker: RestartingWorker, withCalls: boolean) => Promise<WorkerNews> {
  const pending = new WeakMap<WorkerProcess, Asked>();

  function ask(worker: WorkerProcess, withCalls: boolean): Asked {
    const news = worker.ask({ type: "news", withCalls }, GIVEN_UP_MS).then(
      (answer) => answer.news,
      () => undefined,
    );
    const asked = { news, isLate: false };
    pending.set(worker, asked);
    return asked;
  }

  async function newsOf(worker: WorkerProcess, withCalls: boolean) {
    const asked = pending.get(worker) ?? ask(worker, withCalls);
    const { isLate } = asked;
    const late = Bun.sleep(NEWS_MS).then(() => "late" as const);
    const news = await Promise.race([asked.news, late]);
    if (news === "late") {
      asked.isLate = true;
      return { news: undefined, isLate };
    }
    // Of two that wait for the same answer, one has it.
    if (!pending.delete(worker)) return { news: undefined, isLate };
    return { news, isLate };
  }

  return async ({ number, worker, isUp, failures }, withCalls) => {
    const told = isUp && worker !== undefined ? await newsOf(worker, withCalls) : undefined;
    return {
      number,
      pid: worker?.pid,
      isUp,
      failures,
      news: told?.news,
      isLate: told?.isLate ?? false,
    };
  };
}
