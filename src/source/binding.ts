import type { Problem } from "../config/problem.ts";
import type { OpenContext, OptionsSchema, Source } from "../plugin.ts";

/** A plugin whose type of options is hidden behind the one thing that is done with them. */
export interface Plugin {
  /** The plugin's schema of its options, if it has one. */
  readonly schema?: OptionsSchema<unknown> | undefined;
  /** The file of an operator's own plugin as messages show it, relative to the configuration's folder. */
  readonly file?: string;
  /** Warnings about the file. */
  readonly warnings?: readonly string[];
  /** Checks a table of options. The result can be opened with them. */
  bind(options: unknown): Promise<Bound>;
}

export type Bound =
  | { readonly valid: false; readonly problems: readonly Problem[] }
  | { readonly valid: true; readonly open: (context: OpenContext) => Promise<Source> };
