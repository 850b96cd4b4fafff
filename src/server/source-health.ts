import { readinessProblem } from "../answer/probe.ts";
import type { Service } from "../answer/service.ts";
import type { Config } from "../config/load.ts";

/** A source is not checked more often than this, however often its health is asked for. */
const HEALTH_IS_FRESH_MS = 1000;
/** A check must not hang with the source, whatever the deadline of a lookup. */
const HEALTH_MS = 2000;

/** What is checked. A reload replaces all of it. */
interface Asked {
  readonly service: Service;
  readonly config: Config;
}

interface Checked {
  readonly asked: Asked;
  readonly health: Promise<string | undefined>;
  /** When the check ended; one under way counts as fresh. */
  checkedMs: number;
}

/** Why the source in use is not ready, or `undefined` if it is. */
export function sourceHealth(current: () => Asked): () => Promise<string | undefined> {
  let latest: Checked | undefined;

  // What a replaced source said must not be reported for the new one.
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
