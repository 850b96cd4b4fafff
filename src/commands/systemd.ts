import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { Command, InvalidArgumentError } from "@commander-js/extra-typings";
import { isTable } from "../config/interpolate.ts";
import { type Config, configPath, loadConfig, parseToml } from "../config/load.ts";
import { environment } from "../environment.ts";
import { hasOwnDatabase } from "../players/own-database.ts";
import { END_MARGIN_MS } from "../process/serve.ts";
import { print } from "../standard-output.ts";
import { configOption } from "./arguments.ts";
import { instructions } from "./systemd/instructions.ts";
import { serviceUnit } from "./systemd/unit.ts";

/** What a stop may take beyond the drain: more than the program gives itself. */
const STOP_MARGIN_SECONDS = END_MARGIN_MS / 1000 + 5;

/** `systemd`: prints a unit that runs this program with this configuration. */
export function systemdCommand() {
  return new Command("systemd")
    .description("prints a hardened systemd unit for this program and the configuration")
    .addOption(configOption())
    .option("--user <name>", "the user that the service runs as", parseUser, "klas-balance")
    .addHelpText(
      "after",
      "\nExample:\n  klas-balance systemd --config /srv/klas/config.toml > klas-balance.service",
    )
    .action(async ({ user, config: flag }) => {
      const file = configPath(flag, environment);
      // What a service gets as a credential lies beside its configuration.
      const config = await loadConfig(file, { ...environment, CREDENTIALS_DIRECTORY: dirname(file) });
      const text = withoutComments(await readFile(file, "utf8"));
      const credentials = credentialNames(text);
      const unit = serviceUnit({
        program: programPath(),
        config: file,
        user,
        credentials,
        stopSeconds: config.server.lame_duck_seconds + config.server.drain_seconds + STOP_MARGIN_SECONDS,
      });
      print(
        `${instructions({ file, user, credentials, read: filesRead(text), secrets: secretFiles(file, text), database: databaseFile(config) })}\n${unit}`,
      );
    });
}

/** What a comment names does not count. */
function withoutComments(configText: string): string {
  return configText.replaceAll(/^\s*#.*$/gm, "");
}

/** The names in `${file:${CREDENTIALS_DIRECTORY}/NAME}`, each once. */
export function credentialNames(configText: string): readonly string[] {
  const references = configText.matchAll(/\$\{CREDENTIALS_DIRECTORY\}\/([\w.-]+)/g);
  return [...new Set(Array.from(references, ([, name = ""]) => name))];
}

/** The paths in `${file:PATH}`, as they are written. */
function filesRead(configText: string): readonly string[] {
  const references = configText.matchAll(/\$\{file:([\w./-]+)\}/g);
  return [...new Set(Array.from(references, ([, path = ""]) => path))];
}

/** The files that hold the secrets of the webhook; none unless each lies in the folder that credentials are loaded from. */
function secretFiles(file: string, configText: string): readonly string[] {
  const config = parseToml(file, configText);
  const webhook = isTable(config) ? config["webhook"] : undefined;
  const secrets = isTable(webhook) ? webhook["secrets"] : undefined;
  const folder = dirname(file);
  const paths = (Array.isArray(secrets) ? secrets : []).map((secret) =>
    resolve(folder, /^\$\{file:([\w./-]+)\}$/.exec(String(secret))?.[1] ?? "/"),
  );
  return paths.every((path) => dirname(path) === folder) ? paths.map((path) => basename(path)) : [];
}

/** A compiled program is one file; from source it is the runtime and a script. */
function programPath(): readonly [string, ...string[]] {
  return Bun.isStandaloneExecutable ? [process.execPath] : [process.execPath, Bun.main];
}

function databaseFile(config: Config): string | undefined {
  const { file } = config.source.options;
  if (!hasOwnDatabase(config) || typeof file !== "string") return undefined;
  return resolve(config.directory, file);
}

function parseUser(name: string): string {
  if (/^[a-z_][a-z0-9_-]{0,30}$/.test(name)) return name;
  throw new InvalidArgumentError("Expected the name of a user.");
}
