import * as mysqlModule from "../../plugins/mysql/index.ts";
import * as postgresModule from "../../plugins/postgres/index.ts";
import * as redisModule from "../../plugins/redis/index.ts";
import * as restModule from "../../plugins/rest/index.ts";
import type { WithPlayers } from "../../plugins/shared/players-table.ts";
import * as sqliteModule from "../../plugins/sqlite/index.ts";
import * as staticModule from "../../plugins/static/index.ts";
import { validate } from "../config/validate.ts";
import type { SourcePlugin } from "../plugin.ts";
import type { Bound, Plugin } from "./binding.ts";

/** What `init` writes and says of a source. */
export interface Starter {
  /** The lines of its table in the configuration, valid as they are. */
  readonly table: string;
  /** The database that the table names and `players` keeps. `init` makes it, with one player to ask for. */
  readonly database?: string;
  /** What is to be done before `check`, one line each. */
  readonly nextSteps: readonly string[];
}

/** A source that comes with the program. */
export interface BuiltIn extends Plugin {
  readonly starter: Starter;
  /** The `players` commands' door into its table of players, if it keeps one of klas-balance's own. */
  readonly withPlayers?: WithPlayers | undefined;
}

/** Another one is its folder and a line here; the rest of the program and the tests follow. */
export const builtIns: ReadonlyMap<string, BuiltIn> = new Map([
  ["mysql", builtIn(mysqlModule)],
  ["postgres", builtIn(postgresModule)],
  ["redis", builtIn(redisModule)],
  ["rest", builtIn(restModule)],
  ["sqlite", builtIn(sqliteModule)],
  ["static", builtIn(staticModule)],
]);

/** Whether a configuration's `plugin` is one of ours, and not a file of the operator's own. */
export function isBuiltIn(name: string): boolean {
  return builtIns.has(name);
}

/** What `plugins/NAME/index.ts` exports. */
interface BuiltInModule<Options> {
  readonly default: SourcePlugin<Options> & Required<Pick<SourcePlugin<Options>, "options">>;
  readonly starter: Starter;
  readonly withPlayers?: WithPlayers;
}

/** All that the program knows of a built-in comes from its folder. Its schema and its `open` are trusted. */
function builtIn<Options>({ default: plugin, starter, withPlayers }: BuiltInModule<Options>): BuiltIn {
  return {
    schema: plugin.options,
    starter,
    withPlayers,
    async bind(options): Promise<Bound> {
      const result = await validate(plugin.options, options);
      if (!result.valid) return result;
      return { valid: true, open: async (context) => await plugin.open(result.value, context) };
    },
  };
}
