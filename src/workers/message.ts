import type { Config, Reading } from "../config/load.ts";
import { ConfigError, type Problem } from "../config/problem.ts";
import { Failure } from "../failure.ts";
import type { MetricsSnapshot } from "../observe/metrics.ts";
import type { FailingPlayer } from "../observe/outcomes.ts";
import type { Rehearsal } from "../server/rehearse.ts";
import type { News } from "../server/server.ts";

/** What the supervisor tells a worker. Each `ask` is answered with the same number. */
export type ToWorker = { readonly ask: number } & (
  | { readonly type: "start" | "prepare"; readonly config: Config }
  | { readonly type: "rehearse"; readonly reading: Reading }
  | { readonly type: "commit" | "discard" | "begin_shutdown" | "stop" | "report" | "ping" }
  | { readonly type: "news"; readonly withCalls: boolean }
  | { readonly type: "follow"; readonly players: readonly FailingPlayer[] }
);

/** A worker's answer. `failure` is set, for the operator, if it could not be done. */
export interface WorkerAnswer {
  readonly ask: number;
  readonly failure?: SentFailure;
  readonly started?: { readonly url: string; readonly port: number };
  /** Of `prepare`: what could not be applied. */
  readonly warnings?: readonly string[];
  readonly report?: {
    readonly notReady: readonly string[];
    readonly warnings: readonly string[];
    readonly metrics: readonly MetricsSnapshot[];
  };
  readonly news?: News;
  readonly rehearsal?: Rehearsal;
}

/** Sent unasked: what the worker is about to do, which may never end. */
export interface WorkerStep {
  readonly step: string;
}

export type FromWorker = WorkerAnswer | WorkerStep;

/** A `Failure` on its way from one process to another. A bug is sent as one, with its stack. */
type SentFailure =
  | { readonly message: string; readonly exitStatus: 1 | 2 }
  | { readonly file: string; readonly problems: readonly Problem[] };

export function sentFailure(error: unknown): SentFailure {
  if (error instanceof ConfigError) return { file: error.file, problems: error.problems };
  if (error instanceof Failure) return { message: error.message, exitStatus: error.exitStatus };
  return { message: error instanceof Error ? String(error.stack) : String(error), exitStatus: 1 };
}

export function receivedFailure(failure: SentFailure): Failure {
  return "problems" in failure
    ? new ConfigError(failure, failure.problems)
    : new Failure(failure.message, failure.exitStatus);
}
