import type { Config, Reading } from "../config/load.ts";
import { ConfigError, type Problem } from "../config/problem.ts";
import { Failure } from "../failure.ts";
import type { Log } from "../observe/log.ts";
import type { PreparedReload, Server } from "../server/server.ts";
import { isBuiltIn } from "../source/built-in.ts";
import { messageOf } from "../source/thrown.ts";
import { rehearseApart } from "../workers/rehearsal.ts";

/**
 * The configuration, if nothing that the host can check keeps it from starting; otherwise throws a `ConfigError` with
 * every problem.
 */
export async function startable(reading: Reading): Promise<Config> {
  if (reading.valid) return reading.config;
  throw new ConfigError(reading.sources, await everyProblem(reading));
}

/** Problems of the sources are found in another process, because an operator's code must not run in this one. */
async function everyProblem(reading: Reading & { readonly valid: false }): Promise<readonly Problem[]> {
  if (reading.sources.tables.size === 0) return reading.problems;
  try {
    const { problems = reading.problems } = await rehearseApart(reading);
    return problems;
  } catch (error) {
    return [...reading.problems, { path: ["sources"], message: messageOf(error) }];
  }
}

/**
 * Prepares a configuration to replace the one in use. It is first tried out in a separate process. If it throws, with
 * every problem, nothing has changed.
 */
export async function prepareReload(
  reading: Reading,
  server: Server,
  { isSupervised }: { readonly isSupervised: boolean },
): Promise<PreparedReload & { readonly config: Config }> {
  const config = await startable(reading);
  const ownSource = isSupervised ? undefined : sourcesOfOwnFiles(config)[0];
  if (ownSource !== undefined) {
    throw new Failure(
      `sources.${ownSource}.plugin: a file of your own needs a restart, and then has a process of its own`,
      2,
    );
  }
  if ((config.server.tls === undefined) !== (server.config.server.tls === undefined)) {
    throw new Failure("server.tls: turning TLS on or off needs a restart", 2);
  }
  const rehearsal = await rehearseApart(reading);
  if (rehearsal.problems !== undefined) throw new ConfigError(config, rehearsal.problems);
  return { config, ...(await server.prepare(config, rehearsal)) };
}

/** The sources whose plugin is the operator's own file. */
export function sourcesOfOwnFiles({ tables }: Config): readonly string[] {
  return [...tables].flatMap(([name, { plugin }]) => (isBuiltIn(plugin) ? [] : [name]));
}

/** Warns about changes that take effect only at a start. */
export function warnOfRestart(initial: Config, next: Config, log: Log): void {
  const fixed = {
    "server.host": (config: Config) => config.server.host,
    "server.port": (config: Config) => config.server.port,
    "server.workers": (config: Config) => config.server.workers,
    admin: (config: Config) => JSON.stringify(config.admin),
  };
  const changed = Object.entries(fixed).flatMap(([key, valueOf]) =>
    valueOf(initial) === valueOf(next) ? [] : [key],
  );
  if (changed.length > 0) log.warn("a change needs a restart to take effect", { keys: changed.join(", ") });
}
