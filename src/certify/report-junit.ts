import { type CaseResult, type Report, tally } from "./report.ts";

/**
 * The report as JUnit XML. A `should` that failed is a skipped test with a message: it must not
 * fail a build that the command's own exit status lets pass.
 */
export function reportJunit(report: Report): string {
  const { failed } = tally(report, "must");
  const skipped = tally(report).skipped + tally(report, "should").failed;
  const seconds = inSeconds(report.results.reduce((sum, { durationMs }) => sum + durationMs, 0));
  const incomplete = report.incompleteBecause === undefined ? [] : [incompleteRun(report.incompleteBecause)];
  const tests = report.results.length + incomplete.length;
  const counts = `tests="${tests}" failures="${failed}" errors="${incomplete.length}" skipped="${skipped}" time="${seconds}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="klas-balance certify" ${counts}>`,
    `  <properties><property name="url" value="${escaped(report.url)}"/></properties>`,
    ...report.results.map(testCase),
    ...incomplete,
    "</testsuite>",
    "",
  ].join("\n");
}

function testCase({ case: one, result, problem = "", durationMs }: CaseResult): string {
  const opening = `  <testcase classname="${one.level}.${one.section}" name="${one.id}" time="${inSeconds(durationMs)}"`;
  if (result === "passed") return `${opening}/>`;
  if (result === "failed" && one.level === "must") {
    return `${opening}><failure message="${escaped(problem)}">${escaped(one.about)}</failure></testcase>`;
  }
  const message = result === "failed" ? `should: ${problem}` : problem;
  return `${opening}><skipped message="${escaped(message)}"/></testcase>`;
}

function incompleteRun(because: string): string {
  return `  <testcase classname="must.1.3" name="run" time="0.000"><error message="${escaped(because)}"/></testcase>`;
}

function inSeconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

const ENTITIES = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
]);

// XML 1.0 has no way to write most control characters.
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL_CHARACTER = /[\u0000-\u001f]/g;

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(CONTROL_CHARACTER, " ")
    .replace(/[&<>"]/g, (character) => ENTITIES.get(character) ?? character);
}
