import type { Config, Reading } from "../config/load.ts";
import { openLog, type Log } from "../observe/log.ts";
import { endProcess } from "../host-process.ts";
import { catchStrayErrors } from "../source/stray-errors.ts";
import { rehearse } from "../server/rehearse.ts";
import { type PreparedReload, type Server, startServer } from "../server/server.ts";
import { type WorkerAnswer, type FromWorker, sentFailure, type ToWorker } from "./message.ts";

type Content = Omit<WorkerAnswer, "ask">;

/** Serves as the supervisor tells it to. Ends when it is told to, or when the supervisor is gone. */
export function runWorker(): void {
  let log: Log | undefined;
  let server: Server | undefined;
  let prepared: PreparedReload | undefined;

  function openWorkerLog(options: Config["log"]): Log {
    const opened = openLog(options, { isShared: true });
    log = opened;
    catchStrayErrors((what, fields) => opened.error(what, fields));
    return opened;
  }

  async function start(config: Config): Promise<Content> {
    const started = await startServer(config, {
      log: openWorkerLog(config.log),
      sharesPort: true,
      onStep: sendStep,
    });
    server = started;
    return { started: { url: started.url, port: started.port } };
  }

  async function report(): Promise<Content> {
    const notReady = (await server?.notReady()) ?? [];
    const warnings = server?.warnings() ?? [];
    return { report: { notReady, warnings, metrics: (await server?.metrics()) ?? [] } };
  }

  async function tellNews(withCalls: boolean): Promise<Content> {
    const [own] = (await server?.news(withCalls)) ?? [];
    return own?.news === undefined ? {} : { news: own.news };
  }

  async function prepare(config: Config): Promise<Content> {
    // One is left over if the supervisor gave up before it was ready.
    await takePrepared()?.discard();
    prepared = await server?.prepare(config);
    return { warnings: prepared?.warnings ?? [] };
  }

  /** What is prepared is used once: a later `discard` must not close what is in use by then. */
  function takePrepared(): PreparedReload | undefined {
    const taken = prepared;
    prepared = undefined;
    return taken;
  }

  async function tryOut(reading: Reading): Promise<Content> {
    // The process that will serve with it logs its warnings; only stray errors are logged here.
    const errors = openWorkerLog({
      level: "error",
      format: reading.valid ? reading.config.log.format : "json",
    });
    return { rehearsal: await rehearse(reading, errors, sendStep) };
  }

  async function stop(): Promise<void> {
    await server?.stop();
    await log?.flush();
  }

  async function answer(message: ToWorker): Promise<Content> {
    if (message.type === "start") return start(message.config);
    if (message.type === "rehearse") return tryOut(message.reading);
    if (message.type === "report") return report();
    if (message.type === "news") return tellNews(message.withCalls);
    if (message.type === "follow") server?.follow(message.players);
    if (message.type === "prepare") return prepare(message.config);
    if (message.type === "commit") await takePrepared()?.commit();
    if (message.type === "discard") await takePrepared()?.discard();
    if (message.type === "begin_shutdown") server?.beginShutdown();
    if (message.type === "stop") await stop();
    return {};
  }

  process.on("message", (message: ToWorker) => {
    const { ask } = message;
    void answer(message).then(
      (content) => send({ ask, ...content }),
      (error: unknown) => send({ ask, failure: sentFailure(error) }),
    );
  });
  process.on("disconnect", () => endProcess(1));
  // A terminal and a service manager signal every process of the group; here the supervisor alone decides. The last two come
  // of log rotation, and would end the process by default.
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const) {
    process.on(signal, () => {});
  }
}

function send(message: FromWorker): void {
  process.send?.(message);
}

function sendStep(step: string): void {
  send({ step });
}
