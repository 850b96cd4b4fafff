import type {
  PlayersAccess,
  PlayersPlace,
  PlayersTable,
  WithPlayers,
} from "../../plugins/shared/players-table.ts";
import type { Config } from "../config/load.ts";
import { ConfigError } from "../config/problem.ts";
import { Failure } from "../failure.ts";
import { type ExponentOf, knownCurrencies } from "../protocol/currency.ts";
import { bindSource } from "../source/bind-sources.ts";
import { builtIns } from "../source/built-in.ts";

type Use<Result> = (players: PlayersTable) => Promise<Result>;

/** klas-balance's own database, as the configuration names it. */
export interface OwnDatabase {
  /** The currencies that its players may have. */
  readonly exponentOf: ExponentOf;
  /** Opens it for as long as `use` takes. */
  readonly open: <Result>(access: PlayersAccess, use: Use<Result>) => Promise<Result>;
}

/** Whether the source in use reads a database of klas-balance's own. */
export function hasOwnDatabase({ source }: Config): boolean {
  return builtIns.get(source.plugin)?.withPlayers !== undefined && source.options["query"] === undefined;
}

/** Throws if the configuration names none. */
export async function ownDatabase(config: Config): Promise<OwnDatabase> {
  const { source, directory, currencies = {} } = config;
  const withPlayers = builtIns.get(source.plugin)?.withPlayers;
  if (withPlayers === undefined) {
    throw notOurs(`the source "${source.name}" is of the plugin ${source.plugin}`);
  }
  const bound = await bindSource(source, directory);
  if ("problems" in bound) throw new ConfigError(config, bound.problems);
  if (source.options["query"] !== undefined) {
    throw notOurs(`the source "${source.name}" reads a database of yours by \`query\``);
  }
  const place = { options: source.options, directory };
  return {
    exponentOf: knownCurrencies(currencies),
    open: (access, use) => openPlayers(withPlayers, place, access, use),
  };
}

/** Opens a plugin's table of players. A problem of the database becomes one line that says what to do. */
export async function openPlayers<Result>(
  withPlayers: WithPlayers,
  place: PlayersPlace,
  access: PlayersAccess,
  use: Use<Result>,
): Promise<Result> {
  try {
    return await withPlayers(place, access, use);
  } catch (error) {
    // A plain `Error` is the database's message to the user. Any other kind is a bug or has a status of its own.
    throw error instanceof Error && error.constructor === Error ? new Failure(error.message, 1) : error;
  }
}

function notOurs(reason: string): Failure {
  return new Failure(`${reason}; players are kept only in a database of klas-balance's own`, 2);
}
