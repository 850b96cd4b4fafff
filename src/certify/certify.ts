import { randomUUID } from "node:crypto";
import { signingKey } from "../protocol/signature.ts";
import { callWith, sendCall, type Subject } from "./signed-request.ts";
import type { Case } from "./case.ts";
import { type Endpoint, openConnection } from "./connection.ts";
import { answersOk } from "./expectation.ts";
import { latencyOf } from "./latency.ts";
import type { CaseResult, Report } from "./report.ts";

/** What to test, and what is known about it. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly secret: string;
  /** A player whom the endpoint knows. */
  readonly player: string;
  /** A player whom it does not know; a random id where not given. */
  readonly unknownPlayer?: string | undefined;
  /** The known player's balance; without it the amount itself is not checked. */
  readonly balance?: string | undefined;
  readonly timeoutMs: number;
  /** Good calls to measure; 0 for none. */
  readonly samples: number;
}

/** Either the report, or why the endpoint could not be reached at all. */
export type Certification = Report | { readonly unreachable: string };

/** Runs the cases one after the other; `onResult` hears of each as it ends. */
export async function certify(
  target: Target,
  cases: readonly Case[],
  onResult: (result: CaseResult) => void = () => undefined,
): Promise<Certification> {
  const durationsMs: number[] = [];
  const subject: Subject = {
    ...target,
    key: signingKey(target.secret),
    unknownPlayer: target.unknownPlayer ?? `certify-${randomUUID()}`,
    balance: target.balance,
    recordMs: (durationMs) => durationsMs.push(durationMs),
  };
  const unreachable = await connectionProblem(subject);
  if (unreachable !== undefined) return { unreachable };

  const first = await sendCall(subject, callWith(subject));
  const silent = "noReply" in first ? `a plain call gets no reply: ${first.noReply}` : undefined;
  const goodCallProblem = answersOk.problem(first, subject);
  const unanswered =
    goodCallProblem === undefined
      ? undefined
      : `a good call is not answered (are the URL, without /balance, the secret and the player right?): ${goodCallProblem}`;
  const results: CaseResult[] = [];
  let incompleteBecause = silent;
  let gone = silent;
  for (const one of cases) {
    const obstacle = obstacleTo(one, gone, unanswered);
    const result = await resultOf(one, subject, obstacle);
    results.push(result);
    onResult(result);
    if (result.result === "failed") gone ??= await goneAfter(one, subject);
    if (result.result === "skipped") incompleteBecause ??= obstacle;
  }
  return { url: target.endpoint.url, results, latency: latencyOf(durationsMs), incompleteBecause };
}

/** Where a plain call gets no answer, the case that is named for it says so; every other would only repeat it. */
function obstacleTo(one: Case, gone: string | undefined, unanswered: string | undefined): string | undefined {
  if (gone !== undefined) return one.id === "answers-in-time" ? undefined : gone;
  const needsKnownPlayer = "run" in one ? one.needsKnownPlayer : one.expect.needsKnownPlayer;
  return needsKnownPlayer && one.id !== "good-call" ? unanswered : undefined;
}

async function resultOf(one: Case, subject: Subject, obstacle: string | undefined): Promise<CaseResult> {
  const reason = obstacle ?? ("run" in one ? one.lacks?.(subject) : undefined);
  return reason === undefined
    ? runCase(one, subject)
    : { case: one, result: "skipped", problem: reason, durationMs: 0 };
}

async function runCase(one: Case, subject: Subject): Promise<CaseResult> {
  const startedAtMs = performance.now();
  const problem =
    "run" in one
      ? await one.run(subject)
      : one.expect.problem(await sendCall(subject, one.send(subject)), subject);
  const durationMs = performance.now() - startedAtMs;
  return problem === undefined
    ? { case: one, result: "passed", durationMs }
    : { case: one, result: "failed", problem, durationMs };
}

async function goneAfter(one: Case, subject: Subject): Promise<string | undefined> {
  const problem = await connectionProblem(subject);
  return problem === undefined ? undefined : `the endpoint went away after ${one.id}: ${problem}`;
}

async function connectionProblem(subject: Subject): Promise<string | undefined> {
  const connection = await openConnection(subject.endpoint, subject.timeoutMs);
  if ("noReply" in connection) return connection.noReply;
  connection.close();
  return undefined;
}
