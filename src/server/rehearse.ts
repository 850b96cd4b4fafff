import type { Reading } from "../config/load.ts";
import { ConfigError, type Problem } from "../config/problem.ts";
import { readinessProblem } from "../answer/probe.ts";
import { openSource } from "../answer/service.ts";
import type { Log } from "../observe/log.ts";
import { describeSource, type OnStep } from "../source/bind-sources.ts";
import { messageOf } from "../source/thrown.ts";
import { bindConfig } from "./bind.ts";

/** The result of trying a configuration out. Empty if all is well. */
export interface Rehearsal {
  /** Everything that is wrong with the configuration itself. */
  readonly problems?: readonly Problem[];
  /** Why the source does not open. */
  readonly unopened?: string;
  /** Why it could not answer now. A start works all the same. */
  readonly notReady?: string;
}

/** Loads what a configuration names and opens its source, as a start does, but makes and changes nothing. */
export async function rehearse(reading: Reading, log: Log, onStep?: OnStep): Promise<Rehearsal> {
  try {
    const { config, source } = await bindConfig(reading, onStep);
    const opened = await openSource(config, source, { log, onStep, isRehearsal: true });
    const problem = await readinessProblem(opened, config.webhook.probe_player);
    onStep?.(`closing ${describeSource(source)}`);
    await opened.close();
    return problem === undefined ? {} : { notReady: `${describeSource(source)}: ${problem}` };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    return { unopened: messageOf(error) };
  }
}
