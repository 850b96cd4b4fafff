import { configOf, type Config } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { openLog, type Log } from "../observe/log.ts";
import { endProcess } from "../host-process.ts";
import { catchStrayErrors } from "../source/stray-errors.ts";
import { type PreparedReload, type Serving, startInstance } from "../process/instance.ts";
import type { ConfigMessage, FromWorker, ToWorker } from "./message.ts";

type Answer = Omit<FromWorker, "ask">;

/** Serves as the supervisor tells it, alone or beside other workers. Ends when it is told to, or is alone. */
export function runWorker(): void {
  let log: Log | undefined;
  let serving: (Serving & { readonly port: number }) | undefined;
  let prepared: PreparedReload | undefined;

  async function start(message: ConfigMessage): Promise<Answer> {
    const config = await toConfig(message);
    const opened = openLog(config.log, { isShared: true });
    log = opened;
    catchStrayErrors((what, fields) => opened.error(what, fields));
    serving = await startInstance(config, { log: opened, sharesPort: true });
    return { started: { url: serving.url, port: serving.port } };
  }

  async function report(): Promise<Answer> {
    const notReady = (await serving?.notReady()) ?? [];
    return { report: { notReady, metrics: (await serving?.metrics()) ?? [] } };
  }

  async function prepare(message: ConfigMessage): Promise<void> {
    // There is one where the supervisor gave up before it was ready.
    await takePrepared()?.discard();
    prepared = await serving?.prepare(await toConfig(message));
  }

  /** What is prepared is used once: a later `discard` must not close what is in use by then. */
  function takePrepared(): PreparedReload | undefined {
    const taken = prepared;
    prepared = undefined;
    return taken;
  }

  async function stop(): Promise<void> {
    await serving?.stop();
    await log?.flush();
  }

  async function answer(message: ToWorker): Promise<Answer> {
    if (message.type === "start") return start(message.config);
    if (message.type === "report") return report();
    if (message.type === "prepare") await prepare(message.config);
    if (message.type === "commit") await takePrepared()?.commit();
    if (message.type === "discard") await takePrepared()?.discard();
    if (message.type === "begin_shutdown") serving?.beginShutdown();
    if (message.type === "stop") await stop();
    return {};
  }

  process.on("message", (message: ToWorker) => {
    void answer(message).then(
      (content) => process.send?.({ ask: message.ask, ...content } satisfies FromWorker),
      (error: unknown) =>
        process.send?.({ ask: message.ask, problem: problemOf(error) } satisfies FromWorker),
    );
  });
  process.on("disconnect", () => endProcess(1));
  // A terminal and a service manager signal every process of the group; here the supervisor alone decides.
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
}

async function toConfig({ file, table, host, port }: ConfigMessage): Promise<Config> {
  const config = await configOf(file, table);
  return { ...config, server: { ...config.server, host, port } };
}

function problemOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  return error instanceof Error ? String(error.stack) : String(error);
}
