import type { Config, SourceTable } from "../../config/load.ts";
import { Failure } from "../../failure.ts";
import { conformanceCases, type Subject } from "../../source/conformance.ts";
import { messageOf } from "../../source/thrown.ts";

export interface ContractResult {
  readonly case: string;
  readonly expects: string;
  readonly passed: boolean;
  readonly problem?: string;
}

/** Runs every case of the contract, one after the other. */
export async function* testPlugin(subject: Subject): AsyncIterableIterator<ContractResult> {
  for (const each of conformanceCases) {
    const problem = await each.run(subject).then(() => undefined, messageOf);
    const result = { case: each.name, expects: each.expects, passed: problem === undefined };
    yield problem === undefined ? result : { ...result, problem };
  }
}

/**
 * The source to test: the one of `--source`, else the one in use if it is the plugin's, else the
 * first of the plugin's. `undefined` if the configuration has none.
 */
export function sourceOf(
  config: Config,
  plugin: string,
  sourceName: string | undefined,
): SourceTable | undefined {
  if (sourceName !== undefined) {
    const source = config.tables.get(sourceName);
    if (source?.plugin === plugin) return source;
    throw new Failure(
      source === undefined
        ? `there is no source ${JSON.stringify(sourceName)}`
        : `the source ${JSON.stringify(sourceName)} has the plugin ${JSON.stringify(source.plugin)}`,
      2,
    );
  }
  if (config.source.plugin === plugin) return config.source;
  return config.tables.values().find((source) => source.plugin === plugin);
}
