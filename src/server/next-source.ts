import { readinessProblem } from "../answer/probe.ts";
import { openSource, type Service, type Surroundings } from "../answer/service.ts";
import type { Config } from "../config/load.ts";
import { Failure } from "../failure.ts";
import type { Log } from "../observe/log.ts";
import { describeSource } from "../source/bind-sources.ts";
import type { GuardedSource } from "../source/guard.ts";
import { messageOf } from "../source/thrown.ts";
import type { BoundConfig } from "./bind.ts";

/** How long to wait for a source to close. One that was replaced goes on closing after that. */
const CLOSE_MS = 2000;

interface NextSource {
  readonly opened: GuardedSource;
  /** What differs from the configuration, as warnings. */
  readonly warnings: readonly string[];
}

/**
 * Opens the source of the next configuration, or keeps the one in use if it is the same and cannot be opened again. A
 * core that is down must not block other changes; a start would work in that state, too.
 */
export async function nextSource(
  { config, source }: BoundConfig,
  before: { readonly config: Config; readonly service: Service },
  surroundings: Surroundings,
): Promise<NextSource> {
  const inUse = before.service.source;
  const kept = isSameSource(before.config, config) ? inUse : undefined;
  const name = describeSource(source);
  let opened: GuardedSource;
  try {
    opened = await openSource(config, source, surroundings);
  } catch (error) {
    if (kept === undefined) throw error;
    return { opened: kept, warnings: [`${messageOf(error)}; it is used as it was opened before`] };
  }
  const problem = await readinessProblem(opened, config.webhook.probe_player);
  if (problem === undefined) return { opened, warnings: [] };
  if ((await readinessProblem(inUse, before.config.webhook.probe_player)) !== undefined) {
    return { opened, warnings: [`${name} is not ready, nor was it before: ${problem}`] };
  }
  await closeSource(opened, config, surroundings.log);
  if (kept === undefined) throw new Failure(`the source "${source.name}": ${problem}`, 1);
  return {
    opened: kept,
    warnings: [`${name} is used as it was opened before; opening it again failed: ${problem}`],
  };
}

/** Whether everything that a source is opened and asked with is unchanged. */
function isSameSource(before: Config, next: Config): boolean {
  return Bun.deepEquals(sourceParts(before), sourceParts(next), true);
}

function sourceParts({ source, directory, currencies, webhook }: Config): readonly unknown[] {
  const { timeout_ms, max_in_flight, probe_player, currency } = webhook;
  return [source, directory, currencies, currency, timeout_ms, max_in_flight, probe_player];
}

/** Waits for the lookups under way, then for the source to close, but not too long for either. */
export async function closeSource(
  source: GuardedSource,
  { source: { name } }: Config,
  log: Log,
  waitMs?: number,
): Promise<void> {
  const closing = source.close(waitMs).then(() => true);
  try {
    const isClosed = await Promise.race([closing, Bun.sleep(CLOSE_MS).then(() => false)]);
    if (!isClosed) log.warn("the source is still closing", { source: name });
  } catch (error) {
    log.error("the source did not close", { source: name, problem: messageOf(error) });
  }
}
