import { type Config, newsTo, type Reading } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { readServerTls, type ServerTls } from "../answer/tls.ts";
import { bindForwarder, type Forwarder } from "../forward/forwarder.ts";
import { type BoundSource, bindSources, type OnStep } from "../source/bind-sources.ts";

/** A configuration and everything that it names, loaded and checked but not opened. */
export interface BoundConfig {
  readonly config: Config;
  /** The source in use. */
  readonly source: BoundSource;
  readonly tls: ServerTls | undefined;
  /** What passes calls on, if the configuration asks for that. It holds nothing open. */
  readonly forwarder: Forwarder | undefined;
  /** Warnings about what it names. */
  readonly warnings: readonly string[];
}

/**
 * Loads what a configuration names: every source's plugin, and the certificates. Throws a `ConfigError` with all
 * problems at once, including those found when it was read. An operator's code runs here: see `bindSources`.
 */
export async function bindConfig(reading: Reading, onStep?: OnStep): Promise<BoundConfig> {
  const { sources, problems } = await bindSources(tablesOf(reading), onStep);
  const { tls, problems: tlsProblems } = reading.valid
    ? await readServerTls(reading.config)
    : { tls: undefined, problems: [] };
  const { forwarder, problems: forwardProblems } = reading.valid
    ? await bindForwarder(reading.config)
    : { forwarder: undefined, problems: [] };
  const found = reading.valid ? [] : reading.problems;
  const all = [...found, ...newsTo(found, [...tlsProblems, ...forwardProblems, ...problems])];
  const source = reading.valid ? sources.get(reading.config.source.name) : undefined;
  if (!reading.valid || source === undefined || all.length > 0) throw new ConfigError(tablesOf(reading), all);
  const warnings = [...sources.values()].flatMap((each) => each.warnings);
  return { config: reading.config, source, tls, forwarder, warnings: [...new Set(warnings)] };
}

function tablesOf(reading: Reading) {
  return reading.valid ? reading.config : reading.sources;
}
