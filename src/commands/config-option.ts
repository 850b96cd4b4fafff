import { Option } from "@commander-js/extra-typings";
import { configPath, loadConfig, type Config } from "../config/load.ts";
import { environment } from "../environment.ts";

/** `--config FILE`, for every command that reads the configuration. */
export function configOption(): Option<"--config <file>"> {
  return new Option(
    "--config <file>",
    "the configuration (default: the variable KLAS_BALANCE_CONFIG, else config.toml in this folder)",
  );
}

/** Reads the configuration that the command line means. Throws a `ConfigError`. */
export function readConfig(options: { readonly config?: string | undefined }): Promise<Config> {
  return loadConfig(configPath(options.config, environment), environment);
}
