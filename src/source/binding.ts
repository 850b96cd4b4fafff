import type { Problem } from "../config/problem.ts";
import type { OpenContext, OptionsSchema, Source } from "../plugin.ts";

/** A plugin whose type of options is hidden behind the one thing that is done with them. */
export interface Plugin {
  /** What the plugin says of its options, if it does. */
  readonly schema?: OptionsSchema<unknown> | undefined;
  /** The file of an operator's own plugin, as it is shown: seen from the configuration's folder. */
  readonly file?: string;
  /** What is odd about the file, in words. */
  readonly warnings?: readonly string[];
  /** Checks a table of options; what comes back can be opened with them. */
  bind(options: unknown): Promise<Bound>;
}

export type Bound =
  | { readonly valid: false; readonly problems: readonly Problem[] }
  | { readonly valid: true; readonly open: (context: OpenContext) => Promise<Source> };
