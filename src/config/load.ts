import { createReadStream } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import { collectAtMost } from "../bounded-file.ts";
import { describeFileError, fileErrorCode } from "../file-error.ts";
import { decodeUtf8, interpolate, isTable } from "./interpolate.ts";
import { didYouMean } from "../../plugins/shared/near-name.ts";
import { ConfigError, type Problem } from "./problem.ts";
import { configSchema, DEFAULT_SOURCE, type HostOptions } from "./schema.ts";
import { tomlProblem } from "./toml-problem.ts";
import { validate } from "./validate.ts";

/**
 * What a file says about its sources, as it is written except that `${…}` is replaced: no plugin has been asked. Like
 * everything here it is plain data, which can be sent to another process.
 */
export interface SourceTables {
  /** Absolute path of the file. */
  readonly file: string;
  /** The folder that relative paths inside start from. */
  readonly directory: string;
  /** By name, in the order of the file. */
  readonly tables: ReadonlyMap<string, SourceTable>;
  /** The values of the `${…}`. None of them may appear in a message. */
  readonly inserted: readonly string[];
  /** Absolute paths of the files of the `${file:…}`. */
  readonly insertedFiles: readonly string[];
}

export interface SourceTable {
  readonly name: string;
  /** As the configuration names it: `sqlite`, or a path. */
  readonly plugin: string;
  /** The table without `plugin`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A configuration in which nothing is wrong, as far as the host can tell. */
export interface Config extends SourceTables, Omit<HostOptions, "sources"> {
  /** The one that `webhook.source` names. */
  readonly source: SourceTable;
}

/**
 * The result of reading a file. If it has problems it still names its sources, whose own problems are reported along
 * with them.
 */
export type Reading =
  | { readonly valid: true; readonly config: Config }
  | { readonly valid: false; readonly sources: SourceTables; readonly problems: readonly Problem[] };

export type Variables = Readonly<Record<string, string | undefined>>;

const MAX_CONFIG_BYTES = 16_777_216;

/** The file to read: `--config`, else `KLAS_BALANCE_CONFIG`, else `config.toml` in the working directory. */
export function configPath(flag: string | undefined, variables: Variables): string {
  return resolve(flag ?? (variables["KLAS_BALANCE_CONFIG"] || "config.toml"));
}

/** Text → interpolated → validated. Throws a `ConfigError` with every problem of the host's own tables. */
export async function loadConfig(file: string, variables: Variables): Promise<Config> {
  const reading = await readConfigFile(file, variables);
  if (!reading.valid) throw new ConfigError(reading.sources, reading.problems);
  return reading.config;
}

/** Like `loadConfig`, but with the problems as data, because there may be more to add. */
export async function readConfigFile(file: string, variables: Variables): Promise<Reading> {
  const directory = dirname(file);
  const inserted: string[] = [];
  const insertedFiles: string[] = [];
  const problems: Problem[] = [];
  try {
    const table = interpolate(
      parseToml(file, await readUtf8(file)),
      { variables, directory, values: inserted, files: insertedFiles },
      problems,
    );
    const sources = { file, directory, inserted, insertedFiles, tables: sourceTables(table) };
    return await readingOf(table, sources, problems);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return {
      valid: false,
      sources: { file, directory, inserted, insertedFiles, tables: new Map() },
      problems: error.problems,
    };
  }
}

async function readingOf(
  table: unknown,
  sources: SourceTables,
  interpolationProblems: readonly Problem[],
): Promise<Reading> {
  const host = await validate(configSchema, table);
  const found = [...(host.valid ? [] : host.problems), ...undefinedSource(table)];
  const problems = [...interpolationProblems, ...newsTo(interpolationProblems, found)];
  const source = host.valid ? sources.tables.get(host.value.webhook.source) : undefined;
  if (problems.length > 0 || !host.valid || source === undefined) return { valid: false, sources, problems };
  const { sources: _tables, ...settings } = host.value;
  return { valid: true, config: { ...settings, ...sources, source } };
}

/**
 * A place that has been reported, such as a reference that failed, must not be reported again for what it left
 * behind.
 */
export function newsTo(reported: readonly Problem[], problems: readonly Problem[]): readonly Problem[] {
  const places = new Set(reported.map(({ path }) => path.join("\0")));
  return problems.filter(({ path }) => !places.has(path.join("\0")));
}

/** TOML is UTF-8. In another encoding a secret would silently become a different one. */
export async function readUtf8(file: string): Promise<string> {
  const text = decodeUtf8(await readBytes(file));
  if (text === undefined)
    throw new ConfigError({ file }, [{ path: [], message: "not TOML: it is not UTF-8" }]);
  return text.replace(/^\ufeff/, "");
}

async function readBytes(file: string): Promise<Uint8Array> {
  try {
    const bytes = await collectAtMost(createReadStream(file), MAX_CONFIG_BYTES);
    if (bytes !== undefined) return bytes;
  } catch (error) {
    const hint = fileErrorCode(error) === "ENOENT" ? '; "klas-balance init" makes one' : "";
    throw new ConfigError({ file }, [
      { path: [], message: `cannot read the configuration: ${describeFileError(error)}${hint}` },
    ]);
  }
  throw new ConfigError({ file }, [{ path: [], message: `it has more than ${MAX_CONFIG_BYTES} bytes` }]);
}

export function parseToml(file: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ConfigError({ file }, [{ path: [], message: tomlProblem(text, error) }]);
  }
}

/** The tables that look like sources; the host's schema reports those that do not. */
function sourceTables(table: unknown): ReadonlyMap<string, SourceTable> {
  const sources = isTable(table) ? table["sources"] : undefined;
  if (!isTable(sources)) return new Map();
  return new Map(
    Object.entries(sources).flatMap(([name, each]) => {
      const { plugin, ...options } = isTable(each) ? each : {};
      return typeof plugin === "string" && plugin !== "" ? [[name, { name, plugin, options }]] : [];
    }),
  );
}

function undefinedSource(table: unknown): readonly Problem[] {
  const webhook = isTable(table) ? table["webhook"] : undefined;
  const source = isTable(webhook) ? (webhook["source"] ?? DEFAULT_SOURCE) : DEFAULT_SOURCE;
  const sources = isTable(table) ? table["sources"] : undefined;
  // Without a name, or without any, that is the problem.
  if (typeof source !== "string" || source === "" || sources === undefined) return [];
  const names = isTable(sources) ? Object.keys(sources) : [];
  if (names.includes(source)) return [];
  const defined = names.length === 0 ? "there is no [sources.NAME] table" : `defined: ${names.join(", ")}`;
  const message = `the source ${JSON.stringify(source)} is not defined${didYouMean(source, names)} (${defined})`;
  return [{ path: ["webhook", "source"], message }];
}
