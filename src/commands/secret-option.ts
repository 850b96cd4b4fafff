import { existsSync } from "node:fs";
import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { readAtMost } from "../bounded-file.ts";
import { decodeUtf8 } from "../config/interpolate.ts";
import { configPath } from "../config/load.ts";
import { describeFileError } from "../file-error.ts";
import { readConfig } from "./arguments.ts";

/** The variable that holds the shared secret if no option names it. */
export const SECRET_VARIABLE = "KLAS_SECRET";

const MAX_SECRET_BYTES = 65_536;

const SECRET_DESCRIPTION =
  "the shared secret; a command line is visible to every user of the machine, " +
  `so prefer --secret-file or the variable ${SECRET_VARIABLE}`;

/** `--secret VALUE`, at most one that counts: `command.addOption(secretOption()).addOption(secretFileOption())`. */
export function secretOption(): Option<"--secret <value>"> {
  return new Option("--secret <value>", SECRET_DESCRIPTION);
}

/** `--secret VALUE`, any number of times. */
export function secretsOption(): Option<"--secret <value>", undefined, undefined, string[]> {
  return new Option("--secret <value>", `${SECRET_DESCRIPTION}; may be given several times`).argParser(
    (value: string, previous: string[] | undefined) => [...(previous ?? []), value],
  );
}

/** `--secret-file FILE`, the companion of both. */
export function secretFileOption(): Option<"--secret-file <file>"> {
  return new Option(
    "--secret-file <file>",
    "a file that holds the shared secret; one trailing newline is dropped",
  );
}

/** What the options above were given as. */
export interface SecretOptions {
  readonly secret?: string | readonly string[] | undefined;
  readonly secretFile?: string | undefined;
}

/**
 * The secrets that the user named: those of `--secret`, else that of `--secret-file`, else that of
 * `KLAS_SECRET`. Empty if there is none of them. An unreadable file or an empty secret ends the command with status 2.
 */
export function givenSecrets(command: CommandUnknownOpts, options: SecretOptions): readonly string[] {
  const secrets = secretsFrom(command, options);
  if (secrets.includes("")) return misuse(command, "the secret is empty");
  return secrets;
}

/** The one secret that the user named; none at all ends the command with status 2. */
export function requiredSecret(command: CommandUnknownOpts, options: SecretOptions): string {
  const [secret] = givenSecrets(command, options);
  return secret ?? misuse(command, MISSING_SECRET);
}

/**
 * The secrets that the user named, else those of the configuration, whose errors are thrown as they come.
 * Neither is a misuse.
 */
export async function chosenSecrets(
  command: CommandUnknownOpts,
  options: SecretOptions & { readonly config?: string | undefined },
): Promise<readonly [string, ...string[]]> {
  const [first, ...others] = givenSecrets(command, options);
  if (first !== undefined) return [first, ...others];
  if (options.config === undefined && !existsSync(configPath(undefined, process.env))) {
    command.error(`error: ${MISSING_SECRET}; there is no configuration here either`, { exitCode: 2 });
  }
  const { webhook } = await readConfig(options);
  return webhook.secrets;
}

/** What to tell a user who named no secret. */
const MISSING_SECRET = `a secret is needed: give --secret-file FILE, --secret VALUE or the variable ${SECRET_VARIABLE}`;

function secretsFrom(command: CommandUnknownOpts, options: SecretOptions): readonly string[] {
  if (options.secret !== undefined) return [options.secret].flat();
  if (options.secretFile !== undefined) return [secretFromFile(command, options.secretFile)];
  const variable = process.env[SECRET_VARIABLE];
  return variable === undefined || variable === "" ? [] : [variable];
}

/** The secret in a file; a file that cannot be read, or an empty one, ends the command with status 2. */
export function secretFromFile(command: CommandUnknownOpts, file: string): string {
  const secret = secretText(command, file);
  return secret === "" ? misuse(command, `the secret file ${file} is empty`) : secret;
}

function secretText(command: CommandUnknownOpts, file: string): string {
  const content = readSecret(command, file);
  const text = content && decodeUtf8(content);
  if (text !== undefined) return text.replace(/\r?\n$/, "");
  const cause = content === undefined ? `it has more than ${MAX_SECRET_BYTES} bytes` : "it is not UTF-8";
  return misuse(command, `cannot read the secret file ${file}: ${cause}`);
}

function readSecret(command: CommandUnknownOpts, file: string): Uint8Array | undefined {
  try {
    return readAtMost(file, MAX_SECRET_BYTES);
  } catch (error) {
    return misuse(command, `cannot read the secret file ${file}: ${describeFileError(error)}`);
  }
}

function misuse(command: CommandUnknownOpts, message: string): never {
  return command.error(`error: ${message}`, { exitCode: 2 });
}
