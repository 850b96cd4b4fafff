import type { OpenContext } from "../../../src/plugin.ts";
import type { Connect } from "./lane.ts";
import type { Host } from "./host.ts";
import { resolved } from "./resolved.ts";
import { type Lanes, lanes } from "./lanes.ts";

interface OpenLanesOptions {
  readonly hosts: readonly Host[];
  readonly connect: Connect;
  readonly connections: number;
  /** Lookups that share a round trip at most. */
  readonly maxBatch: number;
  /** Whether there may be a player with that id. If not, the server is not asked. */
  readonly isKey: (playerId: string) => boolean;
}

/**
 * A source over lanes, with its first lane open. A host that cannot be reached may be back a little later: `serve`
 * goes on trying, `check` does not. A problem that only a change of the options can mend is thrown.
 */
export async function openLanes(
  { isKey, ...options }: OpenLanesOptions,
  context: Pick<OpenContext, "log" | "count" | "timeoutMs" | "isRehearsal">,
): Promise<Omit<Lanes, "begin">> {
  // Whoever rehearses is given the problem, and says it.
  const log = context.isRehearsal ? { ...context.log, error: () => {} } : context.log;
  const source = lanes({ ...options, connect: resolved(options.connect) }, { ...context, log });
  const problem = await source.begin();
  if (problem !== undefined && (context.isRehearsal || !problem.mayPass)) {
    await source.close();
    throw problem;
  }
  return {
    ...source,
    lookup: (query, signal) => (isKey(query.playerId) ? source.lookup(query, signal) : null),
  };
}
