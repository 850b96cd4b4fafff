import type { Host } from "./host.ts";

/** How long a host that failed is asked last; each further failure doubles it. */
const FIRST_DOUBT_MS = 500;
const MAX_DOUBT_MS = 30_000;

/** What is known about each host. */
export interface Standing {
  /** The hosts as they should be tried: in the operator's order, those in doubt after all others. */
  inOrder(): readonly Host[];
  /** It has answered something. */
  heard(host: Host): void;
  failed(host: Host): void;
  hasSpokenSince(host: Host, timeMs: number): boolean;
}

export function standingOf(hosts: readonly Host[]): Standing {
  const heardMs = new Map<Host, number>();
  const doubts = new Map<Host, { readonly untilMs: number; readonly failures: number }>();

  function isInDoubt(host: Host): boolean {
    return (doubts.get(host)?.untilMs ?? 0) > performance.now();
  }

  return {
    inOrder: () => [...hosts.filter((host) => !isInDoubt(host)), ...hosts.filter(isInDoubt)],
    heard(host) {
      heardMs.set(host, performance.now());
      doubts.delete(host);
    },
    failed(host) {
      const failures = (doubts.get(host)?.failures ?? 0) + 1;
      const doubtMs = Math.min(FIRST_DOUBT_MS * 2 ** (failures - 1), MAX_DOUBT_MS);
      doubts.set(host, { untilMs: performance.now() + doubtMs, failures });
    },
    hasSpokenSince: (host, timeMs) => (heardMs.get(host) ?? -Infinity) >= timeMs,
  };
}
