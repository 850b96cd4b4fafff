import { type Cause, likelyCauses } from "./causes.ts";
import { isDelayedByAcknowledgements } from "./latency.ts";
import { type CaseResult, conforms, type Report, tally } from "./report.ts";

/** Puts a colour around text, or does not. */
export type Paint = (colour: "green" | "red" | "yellow" | "dim", text: string) => string;

/** One line for a case; a failed one is followed by what is wrong and what was expected. */
export function resultLines(
  { case: one, result, problem }: CaseResult,
  idWidth: number,
  paint: Paint,
): string {
  const row = `${one.level.padEnd(6)}  ${one.section}  ${one.id.padEnd(idWidth)}`;
  if (result === "passed") return `${paint("green", "pass")}  ${row.trimEnd()}`;
  if (result === "skipped") return paint("dim", `skip  ${row}  ${problem}`);
  const mark = one.level === "must" ? paint("red", "FAIL") : paint("yellow", "warn");
  return `${mark}  ${row}  ${problem}\n      ${paint("dim", one.about)}`;
}

/** Above the cases: what the columns are. */
export function headLine(idWidth: number, paint: Paint): string {
  return paint(
    "dim",
    `      level   rule ${"case".padEnd(idWidth)}  (rule: the section of "klas-balance help protocol")`,
  );
}

const DELAYED =
  "a steady 40 ms is a delayed acknowledgement: the endpoint, or the core behind it, writes head and body in two pieces; write them at once, or set TCP_NODELAY";

/** What is left out is in the table above. */
const NAMED_CASES = 5;

function causeLines(causes: readonly Cause[]): readonly string[] {
  if (causes.length === 0) return [];
  const lines = causes.map(({ advice, rule, cases }, index) => {
    const named = cases.slice(0, NAMED_CASES).join(", ");
    const shown = cases.length > NAMED_CASES ? `${cases.length} cases: ${named}, …` : named;
    return `  ${index + 1}. ${advice} (rule ${rule})\n     ${shown}`;
  });
  return ["", "Likely causes, fix first:", ...lines, ""];
}

/** The verdict, the counts and the times, below the cases. */
export function summaryLines(report: Report, paint: Paint): string {
  const must = tally(report, "must");
  const should = tally(report, "should");
  const { latency, incompleteBecause } = report;
  const lines = [
    `must: ${must.passed} passed, ${must.failed} failed, ${must.skipped} skipped; ` +
      `should: ${should.passed} passed, ${should.failed} failed, ${should.skipped} skipped`,
  ];
  if (latency !== undefined) {
    const times = [latency.p50Ms, latency.p90Ms, latency.p99Ms, latency.maxMs].map((ms) => ms.toFixed(2));
    lines.push(
      `${latency.samples} good calls, in ms: p50 ${times[0]}, p90 ${times[1]}, p99 ${times[2]}, max ${times[3]}`,
    );
  }
  if (latency !== undefined && isDelayedByAcknowledgements(latency)) lines.push(DELAYED);
  if (incompleteBecause !== undefined) lines.push(`incomplete: ${incompleteBecause}`);
  if (report.cause !== undefined) lines.push(paint("yellow", `cause: ${report.cause}`));
  if (report.isStopped) lines.push("Mend that first; --keep-going runs what can be run without it.");
  lines.push(...causeLines(likelyCauses(report.results)));
  lines.push(
    conforms(report)
      ? paint("green", `${report.url} conforms`)
      : paint("red", `${report.url} does not conform`),
  );
  return lines.join("\n");
}
