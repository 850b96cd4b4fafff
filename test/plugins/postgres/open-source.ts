import * as v from "valibot";
import plugin from "../../../plugins/postgres/index.ts";
import { optionsSchema } from "../../../plugins/postgres/options.ts";
import type { Source, SourcePlugin } from "../../../src/plugin.ts";
import { knownCurrencies } from "../../../src/protocol/currency.ts";

export interface Opened {
  readonly source: Source;
  /** The log's messages, each with its level before it. */
  readonly messages: readonly string[];
  /** How often each event was counted. */
  readonly counts: Readonly<Record<string, number>>;
}

interface Opening {
  readonly isRehearsal?: boolean;
  readonly timeoutMs?: number;
}

/** Opens the plugin as the host does. It is the caller's to close. */
export async function openSource(
  options: v.InferInput<typeof optionsSchema>,
  opening: Opening = {},
): Promise<Opened> {
  return await openPlugin(plugin, v.parse(optionsSchema, options), opening);
}

/** The same of any plugin, with options that its schema has read. */
export async function openPlugin<Options>(
  anyPlugin: SourcePlugin<Options>,
  options: Options,
  { isRehearsal = false, timeoutMs = 2000 }: Opening = {},
): Promise<Opened> {
  const messages: string[] = [];
  const counts: Record<string, number> = {};
  const say = (level: string) => (message: string) => void messages.push(`${level} ${message}`);
  const source = await anyPlugin.open(options, {
    log: { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") },
    count: (event) => void (counts[event] = (counts[event] ?? 0) + 1),
    directory: import.meta.dir,
    exponentOf: knownCurrencies({}),
    timeoutMs,
    isRehearsal,
  });
  return { source, messages, counts };
}
