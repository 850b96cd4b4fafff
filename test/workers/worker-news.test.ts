import { expect, test } from "bun:test";
import type { News } from "../../src/server/server.ts";
import type { WorkerProcess } from "../../src/workers/child.ts";
import type { RestartingWorker } from "../../src/workers/restarting-worker.ts";
import { askForNews } from "../../src/workers/worker-news.ts";

const NOTHING: News = {
  recording: { seconds: [], calls: [], left_out: 0, outcomes: [], failedBodies: [], secretUses: [] },
  inFlight: 0,
  source: {},
};

function never(): never {
  throw new Error("it is asked for news only");
}

/** A worker that answers when it is told to. */
function open() {
  const questions: PromiseWithResolvers<News>[] = [];
  const process: WorkerProcess = {
    pid: 100,
    isAlive: () => true,
    exited: new Promise(() => {}),
    async ask() {
      const question = Promise.withResolvers<News>();
      questions.push(question);
      return { ask: questions.length, news: await question.promise };
    },
    load: never,
    kill: never,
  };
  const worker: RestartingWorker = {
    number: 1,
    worker: process,
    isUp: true,
    failures: 0,
    start: never,
    follow: never,
    stop: never,
    kill: never,
  };
  const newsOf = askForNews();
  return { questions, news: () => newsOf(worker, true) };
}

// What a worker has told it forgets: dropped, it would be missing in every count for ever.
test("an answer that comes too late for one question is the answer to the next", async () => {
  const { questions, news } = open();
  for (const _round of [1, 2]) expect(await news()).toMatchObject({ news: undefined });
  expect(questions).toHaveLength(1);
  const late = { ...NOTHING, inFlight: 7 };
  questions[0]?.resolve(late);
  await questions[0]?.promise;
  expect(await news()).toMatchObject({ news: late, isLate: true });
  const next = news();
  questions[1]?.resolve(NOTHING);
  expect(await next).toMatchObject({ news: NOTHING, isLate: false });
});

test("a worker that dies has no news, and is asked no more for those it owed", async () => {
  const { questions, news } = open();
  const asked = news();
  questions[0]?.reject(new Error("the worker died"));
  expect(await asked).toMatchObject({ news: undefined });
  const next = news();
  questions[1]?.resolve(NOTHING);
  expect(await next).toMatchObject({ news: NOTHING, isLate: false });
});
