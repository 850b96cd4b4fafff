import type { MetricsSnapshot } from "../observe/metrics.ts";

/** A configuration on its way to a worker: the table that was read, so that all of them get the same one. */
export interface ConfigMessage {
  readonly file: string;
  readonly table: unknown;
  readonly host: string;
  readonly port: number;
}

/** What the supervisor tells a worker. Each `ask` is answered with the same number. */
export type ToWorker = { readonly ask: number } & (
  | { readonly type: "start" | "prepare"; readonly config: ConfigMessage }
  | { readonly type: "commit" | "discard" | "begin_shutdown" | "stop" | "report" | "ping" }
);

/** A worker's answer. `problem` is for the operator and set where it could not be done. */
export interface FromWorker {
  readonly ask: number;
  readonly problem?: string;
  readonly started?: { readonly url: string; readonly port: number };
  readonly report?: { readonly notReady: readonly string[]; readonly metrics: readonly MetricsSnapshot[] };
}
