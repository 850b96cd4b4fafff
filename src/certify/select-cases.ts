import { didYouMean } from "../../plugins/shared/near-name.ts";
import type { Case } from "./case.ts";

/** The cases to run, or the patterns that match none. */
export type Selection =
  | { readonly valid: true; readonly cases: readonly Case[] }
  | { readonly valid: false; readonly problem: string };

/**
 * Keeps what `only` names (everything if it names nothing) and drops what `skip` names.
 * A pattern is an id, or a glob over ids: `signature-*`.
 */
export function selectCases(
  cases: readonly Case[],
  only: readonly string[],
  skip: readonly string[],
): Selection {
  const unknown = [...only, ...skip].find((pattern) => !cases.some(({ id }) => matches(id, pattern)));
  if (unknown !== undefined) {
    const ids = cases.map(({ id }) => id);
    return { valid: false, problem: `no case is called ${unknown}${didYouMean(unknown, ids)}` };
  }
  const selected = cases.filter(
    ({ id }) =>
      (only.length === 0 || only.some((pattern) => matches(id, pattern))) &&
      !skip.some((pattern) => matches(id, pattern)),
  );
  if (selected.length === 0) return { valid: false, problem: "--skip leaves no case to run" };
  return { valid: true, cases: selected };
}

function matches(id: string, pattern: string): boolean {
  return new Bun.Glob(pattern).match(id);
}
