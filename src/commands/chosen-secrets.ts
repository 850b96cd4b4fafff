import { existsSync } from "node:fs";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { configPath } from "../config/load.ts";
import { readConfig } from "./config-option.ts";
import { givenSecrets, MISSING_SECRET, type SecretOptions } from "./secret-option.ts";

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
