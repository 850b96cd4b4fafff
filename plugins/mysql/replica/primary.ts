import type { SQL } from "bun";
import type { Host } from "../../shared/lanes/host.ts";
import { addressesOf } from "../../shared/lanes/resolved.ts";
import { closeNow } from "../../shared/lanes/sql-lane.ts";
import { clientOf, type Reach } from "../session.ts";
import type { Seen } from "./knowledge.ts";
import { lookAt } from "./look.ts";

/** How soon after a search that found nothing the next one may begin. */
const SEARCH_AGAIN_MS = 1000;

/** The primary that a replica follows, found among the hosts by its id, and asked over a connection of its own. */
export interface PrimaryFinder {
  /** `undefined` if no host is a primary of that id and answers before the signal aborts. */
  look(primaryId: string, signal: AbortSignal): Promise<Seen | undefined>;
  close(): void;
}

export function primaryAmong(hosts: readonly Host[], reach: Reach): PrimaryFinder {
  let found: SQL | undefined;
  let searchedMs = -Infinity;

  async function search(primaryId: string, signal: AbortSignal): Promise<Seen | undefined> {
    if (performance.now() - searchedMs < SEARCH_AGAIN_MS) return undefined;
    searchedMs = performance.now();
    const decided = new AbortController();
    const ends = AbortSignal.any([decided.signal, signal]);

    async function tryHost(host: Host): Promise<Seen> {
      const client = clientOf(reach(host));
      const giveUp = () => closeNow(client);
      ends.addEventListener("abort", giveUp);
      try {
        const seen = await lookAt(client);
        ends.throwIfAborted();
        if (!isPrimary(seen, primaryId)) throw new Error("it is another server");
        ends.removeEventListener("abort", giveUp);
        decided.abort();
        found = client;
        return seen;
      } catch (error) {
        giveUp();
        throw error;
      }
    }

    const addresses = await Promise.all(hosts.map((host) => addressesOf(host, ends).catch(() => [])));
    if (ends.aborted) return undefined;
    return await Promise.any(addresses.flat().map(tryHost)).catch(() => undefined);
  }

  function close(): void {
    if (found !== undefined) closeNow(found);
    found = undefined;
  }

  return {
    async look(primaryId, signal) {
      if (found === undefined) return await search(primaryId, signal);
      signal.addEventListener("abort", close);
      try {
        const seen = await lookAt(found);
        if (isPrimary(seen, primaryId)) return seen;
      } catch {
        // The next look searches for it.
      } finally {
        signal.removeEventListener("abort", close);
      }
      close();
      return undefined;
    },
    close,
  };
}

function isPrimary({ standing }: Seen, primaryId: string): boolean {
  return standing.kind === "primary" && standing.id === primaryId;
}
