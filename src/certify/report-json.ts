import { likelyCauses } from "./causes.ts";
import { isDelayedByAcknowledgements } from "./latency.ts";
import { conforms, type Report, tally } from "./report.ts";

/** The report for machines, names in lower_snake. */
export function reportJson(report: Report): string {
  const { latency } = report;
  const content = {
    url: report.url,
    conforms: conforms(report),
    incomplete_because: report.incompleteBecause ?? null,
    cause: report.cause ?? null,
    likely_causes: likelyCauses(report.results),
    must: tally(report, "must"),
    should: tally(report, "should"),
    latency_ms:
      latency === undefined
        ? null
        : {
            samples: latency.samples,
            p50: rounded(latency.p50Ms),
            p90: rounded(latency.p90Ms),
            p99: rounded(latency.p99Ms),
            max: rounded(latency.maxMs),
            delayed_acknowledgements: isDelayedByAcknowledgements(latency),
          },
    cases: report.results.map((result) => ({
      id: result.case.id,
      level: result.case.level,
      section: result.case.section,
      result: result.result,
      problem: result.problem ?? null,
      about: result.case.about,
      duration_ms: rounded(result.durationMs),
    })),
  };
  return JSON.stringify(content, null, 2);
}

function rounded(milliseconds: number): number {
  return Number(milliseconds.toFixed(3));
}
