import type { CaseResult } from "./report.ts";

/** What several failed cases have in common, and what to mend. */
export interface Cause {
  readonly advice: string;
  /** The section of `help protocol` that says so. */
  readonly rule: string;
  readonly cases: readonly string[];
}

interface Pattern {
  readonly advice: string;
  readonly rule: string;
  readonly explains: (result: CaseResult) => boolean;
  /** At least so many failed cases must point to it. */
  readonly least: number;
}

const id = (pattern: RegExp) => (result: CaseResult) => pattern.test(result.case.id);
const problem = (pattern: RegExp) => (result: CaseResult) => pattern.test(result.problem ?? "");
const both =
  (...tests: readonly ((result: CaseResult) => boolean)[]) =>
  (result: CaseResult) =>
    tests.every((test) => test(result));

/** What is most often wrong, in the order in which to mend it. A case counts for the first one that explains it. */
const PATTERNS: readonly Pattern[] = [
  {
    advice: "requests without a right signature are answered: compare X-Signature before all else",
    rule: "1.2",
    explains: both(id(/^signature-/), problem(/got OK/)),
    least: 3,
  },
  {
    advice: "the endpoint breaks on some calls: catch every error, and answer it with a status_code",
    rule: "1.3",
    explains: problem(/HTTP 50[0234]|connection closed without a reply|connection reset/),
    least: 1,
  },
  {
    advice: "replies are not signed over the exact bytes that are sent, errors included",
    rule: "1.2",
    explains: id(/^reply-signed-/),
    least: 2,
  },
  {
    advice: "the HTTP status tells what happened: it must be 200, and status_code must tell it",
    rule: "1.3",
    explains: id(/^reply-status-/),
    least: 2,
  },
  {
    advice:
      "the signature is verified over something other than the raw bytes: keep the body before it is parsed",
    rule: "1.2",
    explains: both(id(/^(signature-of-|body-)/), problem(/ERR_INTEGRITY_CHECK_FAILED/)),
    least: 1,
  },
  {
    advice: "the body is not validated: each field must be there, and of its type, else ERR_INVALID_BODY",
    rule: "1.1",
    explains: both(
      id(/^(request-id|session-id|player-id|timestamp|id|body)-/),
      problem(/expected (ERR_INVALID_BODY|a code other than OK); got/),
    ),
    least: 3,
  },
  {
    advice: "strangers are given balances: an id counts as it is, whatever is in it",
    rule: "1.1",
    explains: both(id(/^player-/), problem(/got OK|answered OK/)),
    least: 1,
  },
  {
    advice: "amounts are not in canonical form, or not exact",
    rule: "1.4",
    explains: id(/^balance-/),
    least: 1,
  },
  {
    advice:
      "replies repeat what the caller sent: one secret signs both directions, so that is a signature on demand",
    rule: "1.3",
    explains: id(/^reply-echo-/),
    least: 1,
  },
];

/** What to mend first; a `should` that failed counts if a `must` has the same cause. */
export function likelyCauses(results: readonly CaseResult[]): readonly Cause[] {
  const left = new Set(results.filter(({ result }) => result === "failed"));
  return PATTERNS.flatMap(({ advice, rule, explains, least }) => {
    const explained = [...left].filter(explains);
    if (explained.length < least || !explained.some((one) => one.case.level === "must")) return [];
    for (const one of explained) left.delete(one);
    return [{ advice, rule, cases: explained.map((one) => one.case.id) }];
  });
}
