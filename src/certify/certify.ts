import { randomUUID } from "node:crypto";
import { signingKey } from "../protocol/signature.ts";
import { requestWith, sendRequest, type TestedEndpoint } from "./signed-request.ts";
import type { Case } from "./case.ts";
import { openConnection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
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
  const tested: TestedEndpoint = {
    ...target,
    key: signingKey(target.secret),
    unknownPlayer: target.unknownPlayer ?? `certify-${randomUUID()}`,
    balance: target.balance,
    recordMs: (durationMs) => durationsMs.push(durationMs),
  };
  const unreachable = await connectionProblem(tested);
  if (unreachable !== undefined) return { unreachable };

  const first = await sendRequest(tested, requestWith(tested));
  const silent = "noReply" in first ? `a plain call gets no reply: ${first.noReply}` : undefined;
  const goodCallProblem = answersOk.problem(first, tested);
  const unanswered =
    goodCallProblem === undefined
      ? undefined
      : `a good call is not answered (are the URL, without /balance, the secret and the player right?): ${goodCallProblem}`;
  const results: CaseResult[] = [];
  let incompleteBecause = silent;
  let gone = silent;
  for (const one of cases) {
    const obstacle = obstacleTo(one, gone, unanswered);
    const result = await resultOf(one, tested, obstacle);
    results.push(result);
    onResult(result);
    if (result.result === "failed") gone ??= await goneAfter(one, tested);
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

async function resultOf(
  one: Case,
  tested: TestedEndpoint,
  obstacle: string | undefined,
): Promise<CaseResult> {
  const reason = obstacle ?? ("run" in one ? one.lacks?.(tested) : undefined);
  return reason === undefined
    ? runCase(one, tested)
    : { case: one, result: "skipped", problem: reason, durationMs: 0 };
}

async function runCase(one: Case, tested: TestedEndpoint): Promise<CaseResult> {
  const startedAtMs = performance.now();
  const problem =
    "run" in one
      ? await one.run(tested)
      : one.expect.problem(await sendRequest(tested, one.send(tested)), tested);
  const durationMs = performance.now() - startedAtMs;
  return problem === undefined
    ? { case: one, result: "passed", durationMs }
    : { case: one, result: "failed", problem, durationMs };
}

async function goneAfter(one: Case, tested: TestedEndpoint): Promise<string | undefined> {
  const problem = await connectionProblem(tested);
  return problem === undefined ? undefined : `the endpoint went away after ${one.id}: ${problem}`;
}

async function connectionProblem(tested: TestedEndpoint): Promise<string | undefined> {
  const connection = await openConnection(tested.endpoint, tested.timeoutMs);
  if ("noReply" in connection) return connection.noReply;
  connection.close();
  return undefined;
}
