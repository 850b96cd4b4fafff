import { afterEach } from "bun:test";
import type { BalanceQuery, LookupResult, Source } from "../../../src/plugin.ts";
import type { PostgresServer } from "../../engines/postgres-server.ts";
import { type Opened, openSource } from "./open-source.ts";

/** How the source under test logs in. */
export function optionsFor(server: PostgresServer, database: string, ...others: readonly PostgresServer[]) {
  const hosts = [server, ...others].map(({ port }) => `127.0.0.1:${port}`);
  return { hosts, database, user: "klas" };
}

const opened: Source[] = [];

afterEach(async () => {
  for (const source of opened.splice(0)) await source.close?.();
});

/** Opens the plugin; it is closed when the test ends. */
export async function open(...given: Parameters<typeof openSource>): Promise<Opened> {
  const result = await openSource(...given);
  opened.push(result.source);
  return result;
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
