import type { Config } from "../config/load.ts";
import { openLog, type Log } from "../observe/log.ts";
import { Failure } from "../failure.ts";
import { listen, type Listener } from "./listener.ts";
import { openService, type Service } from "./service.ts";

/** How long the source may take to close. */
const CLOSE_MS = 2000;

/**
 * Opens the source, listens, and serves until SIGTERM or SIGINT. Resolves when what was in flight is
 * answered and everything is closed; throws where it cannot start.
 */
export async function serve(config: Config, onReady: (listener: Listener) => void): Promise<void> {
  const log = openLog(config.log);
  const service = await openService(config, log);
  const listener = startListening(config, () => service, log);
  const signalled = nextSignal();
  log.always("listening", { url: listener.url, source: service.sourceName, plugin: config.source.plugin });
  await log.flush();
  onReady(listener);

  const signal = await signalled;
  log.info("draining", { signal, drain_seconds: config.server.drain_seconds });
  await drain(listener, config.server.drain_seconds, log);
  await closeService(service, log);
  log.info("stopped");
  await log.flush();
}

function startListening(config: Config, current: () => Service, log: Log): Listener {
  const { host, port } = config.server;
  try {
    return listen({ host, port, path: config.webhook.path }, current, log);
  } catch (error) {
    throw new Failure(`cannot listen on ${host} port ${port}: ${listenProblem(error, port)}`, 2);
  }
}

function listenProblem(error: unknown, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return "another program uses it; choose another server.port (or --port)";
  if (code === "EACCES") return `port ${port} needs more rights; choose one from 1024 on`;
  if (code === "EADDRNOTAVAIL") return "this machine has no such address; check server.host";
  return error instanceof Error ? error.message : String(error);
}

function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.once("SIGINT", resolve);
  });
}

/** Answers what is in flight; a call that hangs holds it up for `drain_seconds` at the most. */
async function drain(listener: Listener, drainSeconds: number, log: Log): Promise<void> {
  const isDrained = await Promise.race([
    listener.stop().then(() => true),
    Bun.sleep(drainSeconds * 1000).then(() => false),
  ]);
  if (isDrained) return;
  log.warn("not everything in flight was answered", { drain_seconds: drainSeconds });
  listener.kill();
}

async function closeService(service: Service, log: Log): Promise<void> {
  try {
    await Promise.race([service.source.close(), Bun.sleep(CLOSE_MS)]);
  } catch (error) {
    log.error("the source did not close", { problem: String(error) });
  }
}
