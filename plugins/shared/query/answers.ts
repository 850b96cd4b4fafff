import type { LookupResult } from "../../../src/plugin.ts";
import { type LaneAnswer, ForeignAnswer, LaneLost } from "../lanes/lane.ts";

/** A row, with proof that it answers what was asked. */
export interface ProvenRow {
  /** The tag that the batch was sent with. */
  readonly tag: unknown;
  /** The place of the lookup in its batch, from 0 on. */
  readonly place: number;
  /** The key that the server has looked up. */
  readonly key: unknown;
  /** Why the server must no longer answer; `undefined` if it may. */
  readonly unfit: string | undefined;
  /** Whether the query gave a row. There is one here for a player who was not found, too. */
  readonly isFound: boolean;
  /** The columns of the query. */
  readonly values: readonly unknown[];
}

/** What a batch was sent with. */
export interface Sent {
  readonly tag: string;
  readonly keys: readonly (string | undefined)[];
}

/**
 * The result of each lookup of a batch, from its rows. Throws `ForeignAnswer` if they do not carry the tag and the
 * keys that were sent, or leave one out: then they answer something else, whatever mixed them up. Throws `LaneLost`
 * if the server must no longer answer.
 */
export function answersOf(
  rows: readonly ProvenRow[],
  { tag, keys }: Sent,
  readRow: (values: ProvenRow["values"], key: string) => LookupResult,
): readonly LaneAnswer[] {
  const answers: LaneAnswer[] = [];
  for (const row of rows) {
    const key = keys[row.place];
    if (row.tag !== tag || key === undefined || row.key !== key) {
      throw new ForeignAnswer("an answer was to another question");
    }
    if (row.unfit !== undefined) throw new LaneLost(row.unfit);
    if (answers[row.place] !== undefined) answers[row.place] = SEVERAL_ROWS;
    else answers[row.place] = row.isFound ? answerOf(() => readRow(row.values, key)) : { result: null };
  }
  for (const place of keys.keys()) {
    if (answers[place] === undefined)
      throw new ForeignAnswer("an answer left out somebody who was asked for");
  }
  return answers;
}

const SEVERAL_ROWS: LaneAnswer = { problem: "the query gives several rows: expected one for a player" };

function answerOf(read: () => LookupResult): LaneAnswer {
  try {
    return { result: read() };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
