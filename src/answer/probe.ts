import { randomUUID } from "node:crypto";
import type { Outcome } from "../protocol/status.ts";
import type { GuardedSource } from "../source/guard.ts";
import { newTrace } from "./trace.ts";

/** Looks a player up as a call by Klas Gaming would, without one. */
export async function probe(
  source: GuardedSource,
  playerId: string,
  sessionId: string = randomUUID(),
): Promise<Outcome> {
  const requestId = randomUUID();
  const { traceparent } = newTrace();
  const timestamp = Math.floor(Date.now() / 1000);
  return await source.lookup({ playerId, sessionId, requestId, timestamp, traceparent });
}

/**
 * Why calls would not be answered now, as text for the operator. A probe player is looked up, too: a source that
 * opens but knows nobody is not ready. One that refuses that player, or is busy with others, is.
 */
export async function readinessProblem(
  source: GuardedSource,
  probePlayer: string | undefined,
): Promise<string | undefined> {
  const problem = await source.check();
  if (problem !== undefined || probePlayer === undefined) return problem;
  const outcome = await probe(source, probePlayer);
  if (outcome.reason === "ok" || outcome.reason === "refused" || outcome.reason === "overloaded")
    return undefined;
  return `webhook.probe_player gets no balance: ${inWords(outcome)}`;
}

const WORDS: Partial<Record<Outcome["reason"], string>> = {
  player_not_found: "there is no such player",
  source_timeout: "no answer within webhook.timeout_ms",
};

/** What an outcome says besides its status code. */
export function inWords(outcome: Outcome): string {
  const detail = "detail" in outcome ? outcome.detail : undefined;
  return [WORDS[outcome.reason] ?? outcome.reason, ...(detail === undefined ? [] : [detail])].join(": ");
}
