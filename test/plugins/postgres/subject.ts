import { afterEach } from "bun:test";
import * as v from "valibot";
import plugin from "../../../plugins/postgres/index.ts";
import { optionsSchema } from "../../../plugins/postgres/options.ts";
import type { BalanceQuery, LookupResult, Source } from "../../../src/plugin.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";
import type { PostgresServer } from "../../engines/postgres-server.ts";

/** How the source under test logs in. */
export function optionsFor(server: PostgresServer, database: string, ...others: readonly PostgresServer[]) {
  const hosts = [server, ...others].map(({ port }) => `127.0.0.1:${port}`);
  return { hosts, database, user: "klas" };
}

interface Opened {
  readonly source: Source;
  /** The log's messages, each with its level before it. */
  readonly messages: readonly string[];
  /** How often each event was counted. */
  readonly counts: Readonly<Record<string, number>>;
}

const opened: Source[] = [];

afterEach(async () => {
  for (const source of opened.splice(0)) await source.close?.();
});

/** Opens the plugin; it is closed when the test ends. */
export async function open(
  options: v.InferInput<typeof optionsSchema>,
  { isRehearsal = false, timeoutMs = 2000 } = {},
): Promise<Opened> {
  const messages: string[] = [];
  const counts: Record<string, number> = {};
  const say = (level: string) => (message: string) => void messages.push(`${level} ${message}`);
  const source = await plugin.open(v.parse(optionsSchema, options), {
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    count: (event) => void (counts[event] = (counts[event] ?? 0) + 1),
    directory: import.meta.dir,
    exponentOf: knownCurrencies({}),
    timeoutMs,
    isRehearsal,
  });
  opened.push(source);
  return { source, messages, counts };
}

export function question(playerId: string, sessionId = "s-1"): BalanceQuery {
  return { playerId, sessionId, requestId: "r-1", timestamp: 1_710_000_000, traceparent: "" };
}

export async function ask(
  source: Source,
  playerId: string,
  { sessionId = "s-1", withinMs = 10_000 } = {},
): Promise<LookupResult> {
  return await source.lookup(question(playerId, sessionId), AbortSignal.timeout(withinMs));
}

/** The message that opening, or a lookup, fails with. */
export async function failure(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("expected a failure");
}
