import { randomUUID } from "node:crypto";
import { signingKey } from "../protocol/signature.ts";
import { requestWith, sendRequest, type TestedEndpoint } from "./signed-request.ts";
import type { Case } from "./case.ts";
import { openConnection } from "./connection.ts";
import type { StandInCore } from "./stand-in-core.ts";
import type { EndpointAddress } from "./endpoint-address.ts";
import { causeOfRefusal } from "./first-call.ts";
import { answersOk } from "./expectation.ts";
import { latencyOf } from "./latency.ts";
import type { CaseResult, Report } from "./report.ts";

/** What to test, and what is known about it. */
export interface CertifyOptions {
  readonly endpoint: EndpointAddress;
  readonly secret: string;
  /** A player whom the endpoint knows. */
  readonly player: string;
  /** A player whom it does not know; a random id if none is given. */
  readonly unknownPlayer?: string | undefined;
  /** The known player's balance; without it the amount itself is not checked. */
  readonly balance?: string | undefined;
  readonly timeoutMs: number;
  /** Good calls to measure; 0 for none. */
  readonly samples: number;
  /** How long they may take together; without it, as long as they take. */
  readonly samplingMs?: number | undefined;
  /** Whether the cases that can be run are run even if a good call is not answered. */
  readonly keepsGoing: boolean;
  /** What the endpoint passes its calls on to; then its cases are those of forwarding. */
  readonly core?: StandInCore | undefined;
}

/** Either the report, or why the endpoint could not be reached at all. */
export type Certification = Report | { readonly unreachable: string };

/** Runs the cases one after the other; `onResult` is told of each as it ends. */
export async function certify(
  target: CertifyOptions,
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

  const { silent, unanswered, cause } = target.core === undefined ? await firstCall(tested) : NO_OBSTACLE;
  const stopped = target.keepsGoing ? undefined : unanswered;
  const results: CaseResult[] = [];
  let incompleteBecause = silent;
  let gone = silent;
  for (const one of cases) {
    const obstacle = obstacleTo(one, { gone, stopped, unanswered });
    const result = await resultOf(one, tested, obstacle);
    results.push(result);
    // If the run stops, there is nothing to say about each case.
    if (result.result !== "skipped" || obstacle !== stopped) onResult(result);
    if (result.result === "failed") gone ??= await goneAfter(one, tested);
    if (result.result === "skipped") incompleteBecause ??= obstacle;
  }
  const latency = latencyOf(durationsMs);
  return {
    url: target.endpoint.url,
    results,
    latency,
    incompleteBecause,
    cause,
    isStopped: stopped !== undefined,
  };
}

/** The result of a plain call for the known player. */
interface FirstCall {
  readonly silent: string | undefined;
  readonly unanswered: string | undefined;
  /** The reason for either. */
  readonly cause: string | undefined;
}

/** A call that is passed on must not be used to try things. */
const NO_OBSTACLE: FirstCall = { silent: undefined, unanswered: undefined, cause: undefined };

async function firstCall(tested: TestedEndpoint): Promise<FirstCall> {
  const reply = await sendRequest(tested, requestWith(tested));
  const problem = answersOk.problem(reply, tested);
  if (problem === undefined) return NO_OBSTACLE;
  const unanswered = `a good call is not answered: ${problem}`;
  return "noReply" in reply
    ? { silent: `a plain call gets no reply: ${reply.noReply}`, unanswered, cause: undefined }
    : { silent: undefined, unanswered, cause: await causeOfRefusal(tested, reply) };
}

interface Obstacles {
  /** Why there is no reply at all. */
  readonly gone: string | undefined;
  /** Why the run ends with the first cases. */
  readonly stopped: string | undefined;
  /** Why no balance is answered. */
  readonly unanswered: string | undefined;
}

/** If a plain call gets no answer, the case that is named for it says so; every other would only repeat it. */
function obstacleTo(one: Case, { gone, stopped, unanswered }: Obstacles): string | undefined {
  if (one.id === "answers-in-time") return undefined;
  if (gone !== undefined) return gone;
  if (one.id === "good-call") return undefined;
  const needsKnownPlayer = "run" in one ? one.needsKnownPlayer : one.expect.needsKnownPlayer;
  return stopped ?? (needsKnownPlayer ? unanswered : undefined);
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
