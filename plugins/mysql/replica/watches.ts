import type { SourceState } from "../../../src/plugin.ts";
import type { Host } from "../../shared/lanes/host.ts";
import type { Reach } from "../session.ts";
import { type Watch, watchServer } from "./watch.ts";

interface WatchesOptions {
  /** All of them: among them a replica finds its primary. */
  readonly hosts: readonly Host[];
  readonly reach: Reach;
  readonly maxStalenessMs: number;
}

/** A lane's share in the watch over its server. */
export interface Joined {
  readonly watch: Watch;
  /** Ends it. The watch ends with the last one. */
  readonly leave: () => void;
}

/** The watches of a source: one for each server that has a lane, or is getting one. */
export function watchesOver({ hosts, reach, maxStalenessMs }: WatchesOptions) {
  const all = new Map<string, { readonly name: string; readonly watch: Watch; lanes: number }>();
  let isClosed = false;

  function join(host: Host): Joined {
    if (isClosed) throw new Error("the source is closed");
    const key = `${host.name} ${host.address ?? ""}`;
    const entry = all.get(key) ?? {
      name: host.name,
      watch: watchServer(host, { hosts, reach, maxStalenessMs }),
      lanes: 0,
    };
    all.set(key, entry);
    entry.lanes += 1;
    let hasLeft = false;
    return {
      watch: entry.watch,
      leave() {
        if (hasLeft) return;
        hasLeft = true;
        entry.lanes -= 1;
        if (entry.lanes > 0) return;
        entry.watch.close();
        all.delete(key);
      },
    };
  }

  /** Of the host of that name; if it has lanes to several addresses, of the farthest. */
  function staleness(hostName: string): SourceState {
    const known = Array.from(all.values(), ({ name, watch }) =>
      name === hostName ? watch.stalenessMs() : undefined,
    ).filter((each) => each !== undefined);
    return known.length === 0 ? {} : { staleness_ms: Math.round(Math.max(...known)) };
  }

  function close(): void {
    isClosed = true;
    for (const { watch } of all.values()) watch.close();
    all.clear();
  }

  return { join, staleness, close };
}
