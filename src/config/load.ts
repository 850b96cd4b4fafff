import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import type { OpenContext, Source } from "../plugin.ts";
import { masking } from "../source/masking.ts";
import { findPlugin } from "../source/registry.ts";
import { describeFileError, fileErrorCode } from "../file-error.ts";
import { decodeUtf8, interpolate, isTable } from "./interpolate.ts";
import { ConfigError, didYouMean, type Problem } from "./problem.ts";
import { configSchema, DEFAULT_SOURCE, type HostOptions } from "./schema.ts";
import { validate } from "./validate.ts";

/** A validated configuration. Making one has no effects: no source is open yet. */
export interface Config extends Omit<HostOptions, "sources"> {
  /** Absolute path of the file. */
  readonly file: string;
  /** The folder that relative paths inside start from. */
  readonly directory: string;
  /** What was read, references replaced: it makes the same configuration again. It holds secrets. */
  readonly table: unknown;
  /** By name, in the order of the file. */
  readonly sources: ReadonlyMap<string, ConfiguredSource>;
  /** The one that `webhook.source` names. */
  readonly source: ConfiguredSource;
}

/** A source whose plugin is loaded and whose options are valid. */
export interface ConfiguredSource {
  readonly name: string;
  /** As the configuration names it: `sqlite`, or a path. */
  readonly plugin: string;
  /** The file of an operator's own plugin, as it is shown. */
  readonly file?: string | undefined;
  /** The table without `plugin`, as it is written but for its `${…}`. */
  readonly table: Readonly<Record<string, unknown>>;
  /** What a built-in's schema made of the table. */
  readonly options: unknown;
  readonly open: (context: OpenContext) => Promise<Source>;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** The file to read: `--config`, else `KLAS_BALANCE_CONFIG`, else `config.toml` in the working directory. */
export function configPath(flag: string | undefined, variables: Variables): string {
  return resolve(flag ?? (variables["KLAS_BALANCE_CONFIG"] || "config.toml"));
}

/** Text → interpolated → validated. Throws a `ConfigError` with every problem that was found. */
export async function loadConfig(file: string, variables: Variables): Promise<Config> {
  const problems: Problem[] = [];
  const values: string[] = [];
  const surroundings = { variables, directory: dirname(file), values };
  const table = interpolate(parseToml(file, await readText(file)), surroundings, problems);
  try {
    return await configOf(file, table, problems);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // A name that is not known is quoted, and may have come out of the environment or a file.
    const mask = masking(values);
    throw new ConfigError(
      file,
      error.problems.map(({ path, message }) => ({ path, message: mask(message) })),
    );
  }
}

/** The configuration that a table makes, whose references have been replaced. Throws like `loadConfig`. */
export async function configOf(file: string, table: unknown, problems: Problem[] = []): Promise<Config> {
  const directory = dirname(file);
  // A reference that failed has been reported; what it left behind would only be reported again.
  const failed = new Set(problems.map(({ path }) => path.join("\0")));
  const isNews = (problem: Problem) => !failed.has(problem.path.join("\0"));

  const host = await validate(configSchema, table);
  if (!host.valid) problems.push(...host.problems.filter(isNews));
  const sources = new Map<string, ConfiguredSource>();
  for (const [name, options] of Object.entries(sourceTables(table))) {
    const source = await configureSource(name, options, directory);
    if (Array.isArray(source)) problems.push(...source.filter(isNews));
    else sources.set(name, source);
  }
  problems.push(...undefinedSource(table).filter(isNews));
  const source = host.valid ? sources.get(host.value.webhook.source) : undefined;
  if (problems.length > 0 || !host.valid || source === undefined) throw new ConfigError(file, problems);
  return { ...host.value, file, directory, table, sources, source };
}

/** TOML is UTF-8; read otherwise, a secret would quietly be another one. */
async function readText(file: string): Promise<string> {
  const text = decodeUtf8(await readBytes(file));
  if (text === undefined) throw new ConfigError(file, [{ path: [], message: "not TOML: it is not UTF-8" }]);
  return text.replace(/^\ufeff/, "");
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    const hint = fileErrorCode(error) === "ENOENT" ? '; "klas-balance init" makes one' : "";
    throw new ConfigError(file, [
      { path: [], message: `cannot read the configuration: ${describeFileError(error)}${hint}` },
    ]);
  }
}

function parseToml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The library's message quotes the line; a line may hold a secret, so only its number is shown.
    const [reason = "not TOML"] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new ConfigError(file, [
      { path: [], message: `line ${error.line}, column ${error.column}: not TOML: ${reason}` },
    ]);
  }
}

/** The tables that look like sources; the host's schema reports those that do not. */
function sourceTables(table: unknown): Record<string, Readonly<Record<string, unknown>>> {
  const sources = isTable(table) ? table["sources"] : undefined;
  if (!isTable(sources)) return {};
  return Object.fromEntries(
    Object.entries(sources).flatMap(([name, options]) => (isTable(options) ? [[name, options]] : [])),
  );
}

async function configureSource(
  name: string,
  table: Readonly<Record<string, unknown>>,
  directory: string,
): Promise<ConfiguredSource | Problem[]> {
  const { plugin: pluginName, ...options } = table;
  const path = ["sources", name];
  if (typeof pluginName !== "string" || pluginName === "") return [];
  const found = await findPlugin(pluginName, directory);
  if (!found.valid) return [{ path: [...path, "plugin"], message: found.problem }];
  const bound = await found.plugin.bind(options);
  if (!bound.valid)
    return bound.problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
  return {
    name,
    plugin: pluginName,
    file: found.plugin.file,
    table: options,
    options: bound.options,
    open: bound.open,
  };
}

function undefinedSource(table: unknown): Problem[] {
  const webhook = isTable(table) ? table["webhook"] : undefined;
  const source = isTable(webhook) ? (webhook["source"] ?? DEFAULT_SOURCE) : DEFAULT_SOURCE;
  const names = Object.keys(sourceTables(table));
  if (typeof source !== "string" || names.includes(source)) return [];
  const defined = names.length === 0 ? "there is no [sources.NAME] table" : `defined: ${names.join(", ")}`;
  const message = `the source ${JSON.stringify(source)} is not defined${didYouMean(source, names)} (${defined})`;
  return [{ path: ["webhook", "source"], message }];
}
