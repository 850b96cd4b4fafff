import { afterEach, beforeEach } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import plugin from "../../../plugins/sqlite/index.ts";
import type { BalanceQuery, LookupResult, Source } from "../../../src/plugin.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";

/** What a test works with: a folder of its own, and everything that it opened there. */
export interface Subject {
  readonly folder: string;
  /** Opens the plugin in the folder; closed when the test ends. */
  open(
    options: v.InferInput<typeof plugin.options>,
    surroundings?: { readonly isRehearsal: boolean },
  ): Promise<Source>;
  path(name: string): string;
  /** What lies in the folder, in order. */
  files(): readonly string[];
  /** The log's messages, each with its level before it. */
  readonly messages: string[];
}

/** Makes one for every test of a file. */
export function subjects(): () => Subject {
  let subject: Subject;
  let opened: Source[];
  beforeEach(() => {
    opened = [];
    subject = makeSubject(opened);
  });
  afterEach(async () => {
    for (const source of opened) await source.close?.();
    rmSync(subject.folder, { recursive: true, force: true });
  });
  return () => subject;
}

function makeSubject(opened: Source[]): Subject {
  const folder = mkdtempSync(join(tmpdir(), "klas-sqlite-"));
  const messages: string[] = [];
  const log = {
    debug: (message: string) => messages.push(`debug ${message}`),
    info: (message: string) => messages.push(`info ${message}`),
    warn: (message: string) => messages.push(`warn ${message}`),
    error: (message: string) => messages.push(`error ${message}`),
  };
  return {
    folder,
    messages,
    path: (name) => join(folder, name),
    files: () => readdirSync(folder).toSorted(),
    async open(options, { isRehearsal } = { isRehearsal: false }) {
      const source = await plugin.open(v.parse(plugin.options, options), {
        log,
        count() {},
        directory: folder,
        exponentOf: knownCurrencies({}),
        timeoutMs: 1000,
        isRehearsal,
      });
      opened.push(source);
      return source;
    },
  };
}

export function question(playerId: string, sessionId = "s-1"): BalanceQuery {
  return { playerId, sessionId, requestId: "r-1", timestamp: 1_710_000_000, traceparent: "" };
}

/** One call with a deadline that no test reaches. */
export async function ask(source: Source, playerId: string, sessionId?: string): Promise<LookupResult> {
  return await source.lookup(question(playerId, sessionId), AbortSignal.timeout(10_000));
}

/** The message that opening, or a lookup, fails with. */
export async function failure(attempt: () => unknown): Promise<string> {
  try {
    await attempt();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("expected a failure");
}

/** Waits for what the once-a-second look at the file brings about. */
export async function eventually(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error("it did not come about within 10 seconds");
    await Bun.sleep(20);
  }
}
