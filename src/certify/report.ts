import type { Case } from "./case.ts";
import type { Latency } from "./latency.ts";

export interface CaseResult {
  readonly case: Case;
  readonly result: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  readonly problem?: string;
  readonly durationMs: number;
}

export interface Report {
  readonly url: string;
  readonly results: readonly CaseResult[];
  readonly latency: Latency | undefined;
  /** Why the run could not be carried through, if it could not. */
  readonly incompleteBecause: string | undefined;
  /** What is behind that, if it was found out. */
  readonly cause: string | undefined;
  /** Whether the run ended with the good call that was not answered. */
  readonly isStopped: boolean;
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export function tally(report: Report, level?: Case["level"]): Tally {
  const results = report.results.filter((result) => level === undefined || result.case.level === level);
  const count = (wanted: CaseResult["result"]): number =>
    results.filter(({ result }) => result === wanted).length;
  return { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
}

/** True if every `must` that ran has passed, and none was kept from running. */
export function conforms(report: Report): boolean {
  return report.incompleteBecause === undefined && tally(report, "must").failed === 0;
}
