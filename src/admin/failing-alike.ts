import type { Reason } from "../protocol/status.ts";
import type { Series } from "./shapes.ts";
import type { Timeline } from "./timeline.ts";

/** Reasons that are normal for one player, but mean trouble behind us if nearly all players get them. */
export const FAILING_REASONS = ["player_not_found", "refused", "source_failed", "source_timeout"] as const;

export type FailingReason = (typeof FAILING_REASONS)[number];

/** Nearly all calls ended for one reason, and did not before. */
export interface FailingAlike {
  readonly reason: FailingReason;
  /** As text, for readiness and the console. */
  readonly warning: string;
}

const RECENT_MINUTES = 3;
const NEARLY_ALL = 0.95;
/** A share that was higher than this before is normal here: somebody may ask for made-up players all day. */
const USUAL = 0.5;
/** Fewer calls prove nothing. */
const MIN_CALLS = 20;

/**
 * A core that no longer knows anybody still gives sound answers, and so counts as ready. That nobody gets a balance
 * shows here.
 */
export function failingAlike(timeline: Timeline, nowMs: number): FailingAlike | undefined {
  const recent = countsOf(timeline.series("second", nowMs), -RECENT_MINUTES * 60);
  // The minute that is under way is not in the series, but it is recent, too.
  const before = countsOf(timeline.series("minute", nowMs), undefined, -RECENT_MINUTES);
  const total = sum(recent);
  if (total < MIN_CALLS) return undefined;
  const reason = FAILING_REASONS.find((each) => (recent.get(each) ?? 0) >= NEARLY_ALL * total);
  if (reason === undefined) return undefined;
  const totalBefore = sum(before);
  const shareBefore = (before.get(reason) ?? 0) / totalBefore;
  if (totalBefore >= MIN_CALLS && shareBefore >= USUAL) return undefined;
  const share = percent((recent.get(reason) ?? 0) / total);
  const was =
    totalBefore < MIN_CALLS ? "there were hardly any before" : `before it was ${percent(shareBefore)}`;
  const calls = `${share} of the ${total} calls of the last ${RECENT_MINUTES} minutes`;
  return { reason, warning: `${calls} ended in ${reason}; ${was}` };
}

/** Calls that reached a source or a core. What is turned away before that says nothing about them. */
const ASKED: ReadonlySet<string> = new Set<Reason>(["ok", ...FAILING_REASONS]);

function countsOf({ counts }: Series, from?: number, to?: number): ReadonlyMap<string, number> {
  const asked = Object.entries(counts).filter(([reason]) => ASKED.has(reason));
  return new Map(
    asked.map(([reason, steps]) => [reason, steps.slice(from, to).reduce((all, each) => all + each, 0)]),
  );
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, each) => all + each, 0);
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}
