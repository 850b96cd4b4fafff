/** The configuration says what the program does, not variables that a shell, a container or a build left behind. */

/** The environment as it was given: what `${NAME}` in a configuration stands for. */
export const environment: Readonly<Record<string, string | undefined>> = { ...process.env };

/**
 * Variables that the runtime obeys whenever it calls out: a proxy, which would see a core's token, and certificates
 * left unchecked. The configuration may still name one of them by `${…}`.
 */
const HEEDED_LATE = /^(?:(?:https?|all|no)_proxy|NODE_TLS_REJECT_UNAUTHORIZED|NODE_USE_ENV_PROXY)$/i;

/**
 * Variables that it has obeyed before any code of ours runs: a debugger's port, options, files loaded in advance,
 * logs that show tokens. `BUN_INSTALL` only says where Bun lives, and the other one is what ends a worker with its
 * supervisor.
 */
const HEEDED_EARLY = /^BUN_(?!INSTALL|FEATURE_FLAG_NO_ORPHANS$)/;

/** Removes these variables from this process and from those that it starts. Called before anything else. */
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
