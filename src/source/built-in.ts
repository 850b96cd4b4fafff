import type { WithPlayers } from "../../plugins/shared/players-table.ts";
import { validate } from "../config/validate.ts";
import type { SourcePlugin } from "../plugin.ts";
import type { Bound, Plugin } from "./binding.ts";

/** What `init` writes and says of a source. */
export interface Starter {
  /** The lines of its table in the configuration, valid as they are. */
  readonly table: string;
  /** The database that the table names and `players` keeps: `init` makes it, with a player to call for. */
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

/** What `plugins/NAME/index.ts` exports. */
interface BuiltInModule<Options> {
  readonly default: SourcePlugin<Options> & Required<Pick<SourcePlugin<Options>, "options">>;
  readonly starter: Starter;
  readonly withPlayers?: WithPlayers;
}

/** All that the program knows of a built-in comes from its folder. Its schema and its `open` are trusted. */
export function builtIn<Options>({ default: plugin, starter, withPlayers }: BuiltInModule<Options>): BuiltIn {
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
