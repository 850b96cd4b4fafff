import type { SourceTable, SourceTables } from "../config/load.ts";
import type { Problem } from "../config/problem.ts";
import type { OpenContext, Source } from "../plugin.ts";
import { findPlugin } from "./find-plugin.ts";

/** A source whose plugin is loaded and whose options are valid. It is not open yet. */
export interface BoundSource extends SourceTable {
  /** The file of an operator's own plugin, as it is shown. */
  readonly file: string | undefined;
  /** Warnings about that file. */
  readonly warnings: readonly string[];
  readonly open: (context: OpenContext) => Promise<Source>;
}

/** Told what is about to be done, so that what never ended has a name. */
export type OnStep = (step: string) => void;

/**
 * Loads the plugin of every table and checks the options. Here an operator's own code runs, so it is done only in the
 * process that opens the source: a worker, a `serve` without workers, `check`.
 */
export async function bindSources(
  { tables, directory }: SourceTables,
  onStep: OnStep = () => {},
): Promise<{ readonly sources: ReadonlyMap<string, BoundSource>; readonly problems: readonly Problem[] }> {
  const sources = new Map<string, BoundSource>();
  const problems: Problem[] = [];
  for (const [name, table] of tables) {
    onStep(`loading ${describeSource(table)}`);
    const bound = await bindSource(table, directory);
    if ("problems" in bound) problems.push(...bound.problems);
    else sources.set(name, bound);
  }
  return { sources, problems };
}

/** Binds one table. */
export async function bindSource(
  table: SourceTable,
  directory: string,
): Promise<BoundSource | { readonly problems: readonly Problem[] }> {
  const path = ["sources", table.name];
  const found = await findPlugin(table.plugin, directory);
  if (!found.valid) return { problems: [{ path: [...path, "plugin"], message: found.problem }] };
  const bound = await found.plugin.bind(table.options);
  return bound.valid
    ? { ...table, file: found.plugin.file, warnings: found.plugin.warnings ?? [], open: bound.open }
    : { problems: bound.problems.map((each) => ({ path: [...path, ...each.path], message: each.message })) };
}

/** `the source "players" (plugins/core.ts)` */
export function describeSource({ name, plugin }: SourceTable): string {
  return `the source "${name}" (${plugin})`;
}
