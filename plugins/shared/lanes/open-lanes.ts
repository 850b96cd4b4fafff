import type { OpenContext, Source } from "../../../src/plugin.ts";
import type { Connect } from "./lane.ts";
import type { Host } from "./host.ts";
import { lanes } from "./lanes.ts";

interface OpenLanesOptions {
  readonly hosts: readonly Host[];
  readonly connect: Connect;
  readonly connections: number;
  /** Lookups that share a round trip at most. */
  readonly maxBatch: number;
  /** Whether there may be a player of that id: of one that is none the server is not asked. */
  readonly isKey: (playerId: string) => boolean;
}

/**
 * A source over lanes that has its first one. A host that cannot be reached may be there a little later: `serve` goes
 * on trying, `check` does not. What the options have to be changed for is thrown.
 */
export async function openLanes(
  { isKey, ...options }: OpenLanesOptions,
  context: Pick<OpenContext, "log" | "count" | "timeoutMs" | "isRehearsal">,
): Promise<Source> {
  const source = lanes(options, context);
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
