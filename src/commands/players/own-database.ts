import { resolve } from "node:path";
import * as v from "valibot";
import { ConfigError } from "../../config/problem.ts";
import { Failure } from "../../failure.ts";
import { type ExponentOf, knownCurrencies } from "../../protocol/currency.ts";
import { bindSource } from "../../source/bound.ts";
import { readConfig } from "../config-option.ts";

/** The options of the sqlite plugin that say which database is meant. */
const sqliteOptions = v.object({ file: v.string(), query: v.optional(v.string()) });

export interface OwnDatabase {
  readonly file: string;
  /** The currencies that its players may have. */
  readonly exponentOf: ExponentOf;
}

/** klas-balance's own database, as the configuration names it. Throws where it names none. */
export async function ownDatabase(configFile: string | undefined): Promise<OwnDatabase> {
  const config = await readConfig({ config: configFile });
  const { source, directory, currencies = {} } = config;
  if (source.plugin !== "sqlite")
    throw notOurs(`the source "${source.name}" is of the plugin ${source.plugin}`);
  const bound = await bindSource(source, directory);
  if ("problems" in bound) throw new ConfigError(config, bound.problems);
  const { file, query } = v.parse(sqliteOptions, source.options);
  if (query !== undefined)
    throw notOurs(`the source "${source.name}" reads a database of yours by \`query\``);
  return { file: resolve(directory, file), exponentOf: knownCurrencies(currencies) };
}

function notOurs(reason: string): Failure {
  return new Failure(`${reason}; players are kept only in klas-balance's own SQLite database`, 2);
}
