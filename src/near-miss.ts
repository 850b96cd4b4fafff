import type { CommandUnknownOpts } from "@commander-js/extra-typings";

/** What people call a command, because other programs do, and what it is called here. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ["start", "serve"],
  ["run", "serve"],
  ["server", "serve"],
  ["up", "serve"],
  ["listen", "serve"],
  ["test", "check"],
  ["validate", "check"],
  ["configtest", "check"],
  ["doctor", "check"],
  ["health", "status"],
  ["ready", "status"],
  ["info", "status"],
  ["log", "tail"],
  ["logs", "tail"],
  ["new", "init"],
  ["setup", "init"],
  ["install", "systemd"],
  ["service", "systemd"],
  ["unit", "systemd"],
  ["signature", "sign"],
  ["verify", "explain"],
  ["ping", "call"],
  ["balance", "call"],
  ["conformance", "certify"],
  ["player", "players"],
  ["users", "players"],
  ["plugin", "plugins"],
  ["sources", "plugins list"],
  ["reload", "help operations"],
  ["restart", "help operations"],
  ["stop", "help operations"],
  ["upgrade", "help operations"],
  ["rotate", "help rotation"],
  ["backup", "help sqlite"],
  ["bench", "help performance"],
  ["manual", "help"],
  ["docs", "help"],
  ["version", "--version"],
  ["-v", "--version"],
  ["-?", "--help"],
  ["players add", "players set"],
  ["players create", "players set"],
  ["players update", "players set"],
  ["players delete", "players remove"],
  ["players del", "players remove"],
  ["players rm", "players remove"],
  ["players show", "players get"],
  ["players find", "players get"],
  ["players ls", "players list"],
  ["players load", "players import"],
  ["players dump", "players export"],
  ["plugins ls", "plugins list"],
  ["plugins add", "plugins new"],
  ["plugins create", "plugins new"],
  ["plugins init", "plugins new"],
  ["plugins check", "plugins test"],
]);

/** The command line that was probably meant, as it can be typed; `undefined` if none is clear. */
export function nearMiss(words: readonly string[], program: CommandUnknownOpts): string | undefined {
  const known = reordered(words, program) ?? renamed(words, program);
  const meant = withConfig(known ?? words) ?? known;
  return meant === undefined ? undefined : [program.name(), ...meant].map(quoted).join(" ");
}

/** `--config x serve`: options stand after the command. */
function reordered(words: readonly string[], program: CommandUnknownOpts): readonly string[] | undefined {
  const index = words.findIndex((word) => isCommand(word, program));
  if (index < 1 || words[0]?.startsWith("-") !== true) return undefined;
  return [...words.slice(index, index + 1), ...words.slice(0, index), ...words.slice(index + 1)];
}

function renamed(words: readonly string[], program: CommandUnknownOpts): readonly string[] | undefined {
  const [first = "", second = "", ...others] = words;
  const group = OTHER_NAMES.get(first) ?? first;
  const both = OTHER_NAMES.get(`${group} ${second}`);
  if (both !== undefined) return [...both.split(" "), ...others];
  if (isCommand(first, program)) return undefined;
  const lower = first.toLowerCase();
  const name = OTHER_NAMES.get(lower) ?? (isCommand(lower, program) ? lower : undefined);
  return name === undefined ? undefined : [...name.split(" "), ...words.slice(1)];
}

/** How other programs write the option that names their configuration. */
const MEANT_CONFIG: ReadonlySet<string> = new Set(["-config", "-c", "--conf", "--config-file"]);

/** `check config.toml`: a configuration is named by an option. */
function withConfig(words: readonly string[]): readonly string[] | undefined {
  const index = words.findIndex(
    (word, at) => at > 0 && /^[^-].*\.toml$/.test(word) && words[at - 1] !== "--config",
  );
  if (index === -1) return undefined;
  return MEANT_CONFIG.has(words[index - 1] ?? "")
    ? words.with(index - 1, "--config")
    : words.toSpliced(index, 0, "--config");
}

function isCommand(word: string, program: CommandUnknownOpts): boolean {
  return program.commands.some((command) => command.name() === word);
}

/** As a POSIX shell takes it. A secret that was given is not repeated. */
function quoted(word: string, index: number, words: readonly string[]): string {
  if (words[index - 1] === "--secret") return "…";
  const shown = word.replace(/^(--secret=).*/s, "$1…");
  return /^[\w./:@%+=,…-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", String.raw`'\''`)}'`;
}
