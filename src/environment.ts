/**
 * What the program does is said by its configuration, not by variables that some shell, container or build left behind.
 */

/** The environment as it was given: what `${NAME}` in a configuration stands for. */
export const environment: Readonly<Record<string, string | undefined>> = { ...process.env };

/**
 * What the runtime obeys whenever it calls out: a proxy, which would get a core's token, and certificates that nobody
 * checks. The configuration may still name one of them by `${…}`.
 */
const HEEDED_LATE = /^(?:(?:https?|all|no)_proxy|NODE_TLS_REJECT_UNAUTHORIZED|NODE_USE_ENV_PROXY)$/i;

/**
 * What it has obeyed before anything of ours runs: a debugger's port, options, files loaded in advance, logs that show
 * tokens. `BUN_INSTALL` only says where Bun lives, and the other one is what ends a worker with its supervisor.
 */
const HEEDED_EARLY = /^BUN_(?!INSTALL|FEATURE_FLAG_NO_ORPHANS$)/;

/** Makes this a process that no such variable has a say in, nor in what it starts. Called first of all. */
export function leaveEnvironmentBehind(): void {
  const names = Object.keys(process.env);
  const early = names.filter((name) => HEEDED_EARLY.test(name));
  if (early.length > 0 && Bun.isStandaloneExecutable) startOver(early);
  for (const name of [...early, ...names.filter((each) => HEEDED_LATE.test(each))]) delete process.env[name];
}

/** The same program in the same process (execve(2)), as if the variables had not been there. */
function startOver(names: readonly string[]): void {
  const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !names.includes(name)));
  try {
    process.execve?.(process.execPath, [process.execPath, ...process.argv.slice(2)], kept);
  } catch {
    // No such call on this system: what can be left behind here is.
  }
}
