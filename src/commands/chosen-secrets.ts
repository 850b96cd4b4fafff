import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { readConfig } from "./config-option.ts";
import { givenSecrets, type SecretOptions } from "./secret-option.ts";

/** The secrets that the user named, else those of the configuration, whose errors are thrown as they come. */
export async function chosenSecrets(
  command: CommandUnknownOpts,
  options: SecretOptions & { readonly config?: string | undefined },
): Promise<readonly [string, ...string[]]> {
  const [first, ...others] = givenSecrets(command, options);
  if (first !== undefined) return [first, ...others];
  const { webhook } = await readConfig(options);
  return webhook.secrets;
}
