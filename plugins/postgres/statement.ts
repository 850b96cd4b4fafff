import type { BalanceQuery } from "../../src/plugin.ts";
import type { IdType } from "../shared/engine-options.ts";
import { ForeignAnswer, type LaneAnswer } from "../shared/lanes/lane.ts";
import { playerKey } from "../shared/player-key.ts";
import { answersOf } from "../shared/query/answers.ts";
import type { Column, RowReader, Rows } from "../shared/query/row-reader.ts";
import type { Role } from "./role.ts";

/**
 * The parameters as the server sees them: columns of the list of what is asked. No table of the operator's has columns
 * of these names, so a misspelt column of the query cannot be taken for one of them.
 */
export const PLACEHOLDERS = {
  player_id: "klas_balance_asked.klas_balance_player_id",
  session_id: "klas_balance_asked.klas_balance_session_id",
} as const;

/** A text for the server, and its parameters. */
export interface Step {
  readonly text: string;
  readonly parameters: unknown[];
}

/** How lookups are asked. The texts never change. */
export interface Statement {
  /** Sent in one round trip. */
  steps(tag: string, queries: readonly BalanceQuery[]): readonly Step[];
  /** Asks for nobody. */
  readonly probe: Step;
  /**
   * What the rows of each step say about each lookup. Throws `ForeignAnswer` if they do not carry the tag and the ids
   * that were sent: then they answer something else, whatever mixed them up. Throws `LaneLost` if the server must no
   * longer answer.
   */
  read(answered: readonly Rows[], tag: string, queries: readonly BalanceQuery[]): readonly LaneAnswer[];
  /** Throws, with a message for the operator, if these columns of the probe give no balance. */
  assertColumns(columns: readonly Column[]): void;
}

export interface StatementOptions {
  readonly idType: IdType;
  readonly role: Role;
  readonly rowReader: RowReader;
}

export const NOTHING: Rows = { rows: [], columns: [] };

/** Whether the transaction only reads, and how the server stands. */
function fitnessIn({ standing }: Role): string {
  return `current_setting('transaction_read_only') = 'on', ${standing}`;
}

/** Why a server that gave these values may not answer; `undefined` if it may. */
function unfitBy(role: Role, readsOnly: unknown, standing: unknown): string | undefined {
  return readsOnly === true
    ? role.unfit(standing)
    : "would let the query write: a function of the query, or a pooler, has changed the session's settings";
}

/** Asks how the server stands. */
export function standingStep(role: Role, tag: string): Step {
  return { text: `SELECT $1::text, ${fitnessIn(role)}`, parameters: [tag] };
}

/** Why the server may not answer, and how it stands. Throws `ForeignAnswer` if that is not the answer for this tag. */
export function readStanding(
  role: Role,
  tag: string,
  { rows }: Rows,
): { readonly unfit: string | undefined; readonly standing: unknown } {
  const [given, readsOnly, standing] = rows[0] ?? [];
  if (given !== tag) throw new ForeignAnswer("an answer was to another question");
  return { unfit: unfitBy(role, readsOnly, standing), standing };
}

/** The columns that we add before those of the query: the proof of what is answered. */
const PROOF = ["tag", "place", "player_id", "reads_only", "standing", "is_found"] as const;

/**
 * Puts a SELECT into parentheses and asks it for a list of lookups. Each of them gets a row at least, whether the
 * player was found or not: an answer without one has been mixed up, and does not pass for "no such player".
 */
export function lookupStatement(select: string, { idType, role, rowReader }: StatementOptions): Statement {
  const text = `SELECT $3::text, klas_balance_asked.klas_balance_place::int4, ${PLACEHOLDERS.player_id}::text,
${fitnessIn(role)}, klas_balance_answer.*
FROM unnest($1::${idType}[], $2::text[]) WITH ORDINALITY
AS klas_balance_asked(klas_balance_player_id, klas_balance_session_id, klas_balance_place)
LEFT JOIN LATERAL (SELECT true, klas_balance_query.* FROM (
${select}
) AS klas_balance_query LIMIT 2) AS klas_balance_answer ON true`;

  function parameters(tag: string, queries: readonly BalanceQuery[]): unknown[] {
    return [
      queries.map(({ playerId }) => playerKey(idType, playerId)),
      queries.map(({ sessionId }) => sessionId),
      tag,
    ];
  }

  return {
    steps: (tag, queries) => [{ text, parameters: parameters(tag, queries) }],
    probe: { text, parameters: parameters("", []) },
    read([{ rows, columns } = NOTHING], tag, queries) {
      const keys = queries.map(({ playerId }) => playerKey(idType, playerId));
      const proven = rows.map(([rowTag, place, key, readsOnly, standing, isFound, ...values]) => ({
        tag: rowTag,
        place: Number(place) - 1,
        key,
        unfit: unfitBy(role, readsOnly, standing),
        isFound: isFound === true,
        values,
      }));
      return answersOf(proven, { tag, keys }, rowReader(columns.slice(PROOF.length)));
    },
    assertColumns: (columns) => void rowReader(columns.slice(PROOF.length)),
  };
}
