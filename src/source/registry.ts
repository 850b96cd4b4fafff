import restSource from "../../plugins/rest/index.ts";
import sqliteSource from "../../plugins/sqlite/index.ts";
import staticSource from "../../plugins/static/index.ts";
import { didYouMean, type Problem } from "../config/problem.ts";
import { validate } from "../config/validate.ts";
import type { OpenContext, Source, SourcePlugin } from "../plugin.ts";

/** A plugin whose type of options is hidden behind the one thing that is done with them. */
export interface Plugin {
  /** Checks a table of options; what comes back can be opened with them. */
  bind(options: unknown): Promise<Bound>;
}

export type Bound =
  | { readonly valid: false; readonly problems: readonly Problem[] }
  | {
      readonly valid: true;
      readonly options: unknown;
      readonly open: (context: OpenContext) => Promise<Source>;
    };

export type Found =
  | { readonly valid: true; readonly plugin: Plugin }
  | { readonly valid: false; readonly problem: string };

function toPlugin<Options>(
  plugin: SourcePlugin<Options>,
  schema: SourcePlugin<Options>["options"] & {},
): Plugin {
  return {
    async bind(options) {
      const result = await validate(schema, options);
      if (!result.valid) return result;
      return {
        valid: true,
        options: result.value,
        open: async (context) => await plugin.open(result.value, context),
      };
    },
  };
}

const builtIns: ReadonlyMap<string, Plugin> = new Map([
  ["rest", toPlugin(restSource, restSource.options)],
  ["sqlite", toPlugin(sqliteSource, sqliteSource.options)],
  ["static", toPlugin(staticSource, staticSource.options)],
]);

/** The plugin that a configuration means: a built-in's name. */
export async function findPlugin(name: string, _directory: string): Promise<Found> {
  const plugin = builtIns.get(name);
  if (plugin !== undefined) return { valid: true, plugin };
  const names = [...builtIns.keys()];
  return {
    valid: false,
    problem: `there is no plugin ${JSON.stringify(name)}${didYouMean(name, names)} (built in: ${names.join(", ")})`,
  };
}
