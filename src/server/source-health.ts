import { readinessProblem } from "../answer/probe.ts";
import type { Service } from "../answer/service.ts";
import type { Config } from "../config/load.ts";

/** A source is not asked for its health more often than this, however often somebody wants to know. */
const HEALTH_IS_FRESH_MS = 1000;
/** Asking how the source is must not hang with it, whatever the deadline of a lookup. */
const HEALTH_MS = 2000;

/** What is asked for its health: all of it is replaced by a reload. */
interface Asked {
  readonly service: Service;
  readonly config: Config;
}

interface Checked {
  readonly asked: Asked;
  readonly health: Promise<string | undefined>;
  /** When the check ended; one under way is fresh. */
  checkedMs: number;
}

/** Why the source in use is not ready, in words, or `undefined` if it is. */
export function sourceHealth(current: () => Asked): () => Promise<string | undefined> {
  let latest: Checked | undefined;

  // What a source that was replaced meanwhile says is not said of the one that is there now.
  function isFresh({ asked, checkedMs }: Checked): boolean {
    return asked === current() && performance.now() - checkedMs <= HEALTH_IS_FRESH_MS;
  }

  function ask(): Checked {
    const asked = current();
    const health = readinessProblem(asked.service.source, asked.config.webhook.probe_player);
    const checking: Checked = { asked, health, checkedMs: Infinity };
    void health.finally(() => (checking.checkedMs = performance.now()));
    return checking;
  }

  return () => {
    if (latest === undefined || !isFresh(latest)) latest = ask();
    const late = Bun.sleep(HEALTH_MS).then(() => `the check did not end within ${HEALTH_MS} ms`);
    return Promise.race([latest.health, late]);
  };
}
