import type { Problem } from "../config/problem.ts";
import { validate } from "../config/validate.ts";
import type { OpenContext, OptionsSchema, Source, SourcePlugin } from "../plugin.ts";

/** A plugin whose type of options is hidden behind the one thing that is done with them. */
export interface Plugin {
  /** What the plugin says of its options, where it does. */
  readonly schema?: OptionsSchema<unknown> | undefined;
  /** The file of an operator's own plugin, as it is shown: seen from the configuration's folder. */
  readonly file?: string;
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

/** Binds a built-in, whose schema and `open` are trusted. */
export function bindable<Options>(
  plugin: SourcePlugin<Options>,
  schema: SourcePlugin<Options>["options"] & {},
): Plugin {
  return {
    schema,
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
