import type { Log } from "../observe/log.ts";
import { endProcess } from "../host-process.ts";

/** What signals ask of the process, from its very start. */
export interface Signals {
  /** Resolves with the first SIGTERM or SIGINT. */
  readonly ended: Promise<NodeJS.Signals>;
  /** Sets what SIGHUP does, one reload at a time. A SIGHUP that came before is handled now. */
  onReload(reload: () => Promise<void>): void;
}

/**
 * A second signal ends the process at once. One this soon after the first is the same signal, sent by a terminal and
 * by a parent.
 */
const SAME_SIGNAL_MS = 50;
const LAST_FLUSH_MS = 200;

export function listenToSignals(log: Log): Signals {
  const ended = Promise.withResolvers<NodeJS.Signals>();
  const action = Promise.withResolvers<() => Promise<void>>();
  let firstMs: number | undefined;
  let reloading: Promise<void> = Promise.resolve();
  let isWaiting = false;

  function end(signal: NodeJS.Signals): void {
    if (firstMs === undefined) {
      firstMs = performance.now();
      ended.resolve(signal);
    } else if (performance.now() - firstMs > SAME_SIGNAL_MS) {
      void Promise.race([log.flush(), Bun.sleep(LAST_FLUSH_MS)]).then(() => endProcess(1));
    }
  }

  async function reload(before: Promise<void>): Promise<void> {
    await before;
    const run = await action.promise;
    isWaiting = false;
    await run();
  }

  process.on("SIGTERM", end);
  process.on("SIGINT", end);
  process.on("SIGHUP", () => {
    // A reload that has not begun yet will see this change too.
    if (isWaiting) return;
    isWaiting = true;
    reloading = reload(reloading);
  });
  // Log rotation sends one of them to whatever writes a log; by default they end the process.
  for (const signal of ["SIGUSR1", "SIGUSR2"] as const) process.on(signal, () => {});
  return { ended: ended.promise, onReload: action.resolve };
}
