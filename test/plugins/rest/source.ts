import * as v from "valibot";
import rest from "../../../plugins/rest/index.ts";
import { optionsSchema } from "../../../plugins/rest/options.ts";
import type { BalanceQuery, LookupResult, Source } from "../../../src/plugin.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";

/** A REST source with what it told its host. */
export interface TestSource {
  readonly lookup: (query?: Partial<BalanceQuery>) => Promise<LookupResult>;
  readonly check: () => Promise<void>;
  readonly source: Source;
  /** `level message` for each line. */
  readonly lines: string[];
  readonly counts: Map<string, number>;
}

export type Input = v.InferInput<typeof optionsSchema>;

export const QUERY: BalanceQuery = {
  playerId: "12001",
  sessionId: "session-1",
  requestId: "request-1",
  timestamp: 1_710_000_000,
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
};

/** Drives the plugin as the host does: one signal a lookup, which aborts at the deadline. */
export async function openSource(
  input: Input,
  timeoutMs = 1000,
  directory = ".",
  isRehearsal = false,
): Promise<TestSource> {
  const lines: string[] = [];
  const counts = new Map<string, number>();
  const line = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  const source = await rest.open(v.parse(optionsSchema, input), {
    log: { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") },
    count: (event) => void counts.set(event, (counts.get(event) ?? 0) + 1),
    directory,
    exponentOf: knownCurrencies({}),
    timeoutMs,
    isRehearsal,
  });
  return {
    lookup: async (query) => source.lookup({ ...QUERY, ...query }, AbortSignal.timeout(timeoutMs)),
    check: async () => source.check(AbortSignal.timeout(timeoutMs)),
    source,
    lines,
    counts,
  };
}

/** The message of the error that a promise ends with. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("expected a failure");
}
