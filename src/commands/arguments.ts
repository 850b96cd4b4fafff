import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { collectAtMost, readAtMost } from "../bounded-file.ts";
import { type EndpointAddress, endpointOf, type ProxyAddress, proxyOf } from "../certify/endpoint-address.ts";
import { type AdminTable, readAdminTable } from "../config/admin-table.ts";
import { type Config, configPath, loadConfig } from "../config/load.ts";
import { environment } from "../environment.ts";
import { Failure } from "../failure.ts";
import { describeFileError } from "../file-error.ts";
import { ID_RULE, isId } from "../protocol/request.ts";
import { shownPath } from "../shown-path.ts";

/** Reads an option that is a whole number with bounds. */
export function integerFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

/** Reads a player's or a session's id: one that no source is asked about would only be answered with an error. */
export function parseId(text: string): string {
  if (isId(text)) return text;
  throw new InvalidArgumentError(`Expected ${ID_RULE}.`);
}

/** The most that `max_body_bytes` can be. */
const MAX_BODY_BYTES = 16_777_216;

/**
 * The exact bytes of `[FILE|-]`: a file's or, for `-` or nothing, those of standard input. Throws a `Failure`
 * of status 2, because with `explain` status 1 says that the signature does not fit.
 */
export async function readBodyArgument(file = "-"): Promise<Uint8Array> {
  const bytes = await readBody(file);
  if (bytes === undefined) throw new Failure(`${file} has more than ${MAX_BODY_BYTES} bytes`, 2);
  return bytes;
}

async function readBody(file: string): Promise<Uint8Array | undefined> {
  try {
    // As a stream, because whoever gave it to us may have made it one that does not wait.
    if (file === "-") return await collectAtMost(process.stdin, MAX_BODY_BYTES);
    return readAtMost(file, MAX_BODY_BYTES);
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${describeFileError(error)}`, 2);
  }
}

/** The endpoint of an option that is a WEBHOOK_URL. */
export function parseWebhookUrl(text: string): EndpointAddress {
  const endpoint = endpointOf(text);
  if (endpoint === undefined) throw new InvalidArgumentError("Expected an http:// or https:// URL.");
  return endpoint;
}

/** `--proxy URL`, for every command that calls an endpoint. */
export function proxyOption(): Option<"--proxy <url>", undefined, undefined, ProxyAddress> {
  return new Option(
    "--proxy <url>",
    "an HTTP proxy to go through (CONNECT); variables such as HTTPS_PROXY do not count",
  ).argParser(parseProxy);
}

function parseProxy(text: string): ProxyAddress {
  const proxy = proxyOf(text);
  if (proxy === undefined) throw new InvalidArgumentError("Expected a URL such as http://proxy:3128.");
  return proxy;
}

function parseConfigFile(text: string): string {
  if (text === "") throw new InvalidArgumentError("Expected the name of a file.");
  return text;
}

/** `--config FILE`, for every command that reads the configuration. */
export function configOption(): Option<"--config <file>"> {
  return new Option(
    "--config <file>",
    "the configuration (default: the variable KLAS_BALANCE_CONFIG, else config.toml in this folder)",
  ).argParser(parseConfigFile);
}

/** Reads the configuration that the command line means. Throws a `ConfigError`. */
export function readConfig(options: { readonly config?: string | undefined }): Promise<Config> {
  return loadConfig(configPath(options.config, environment), environment);
}

/** Reads how the running server is asked. What else is wrong with the file does not keep it from being asked. */
export async function readAdmin(options: { readonly config?: string | undefined }): Promise<AdminTable> {
  const table = await readAdminTable(configPath(options.config, environment), environment);
  const { length } = table.problems;
  if (length > 0) {
    const problems = length === 1 ? "a problem" : `${length} problems`;
    process.stderr.write(
      `warning: ${shownPath(table.file)} has ${problems}, so a reload or a start would fail: see "klas-balance check"\n`,
    );
  }
  return table;
}
