import type { BalanceQuery } from "../../src/plugin.ts";
import type { IdType } from "../shared/engine-options.ts";
import type { LaneAnswer } from "../shared/lanes/lane.ts";
import { playerKey } from "../shared/player-key.ts";
import { answersOf } from "../shared/query/answers.ts";
import type { Parameter, Query } from "../shared/query/parameters.ts";
import type { Column, RowReader, Rows } from "../shared/query/row-reader.ts";
import type { Judge } from "./fitness.ts";

/** The sizes of batches. Each is one statement, which the server prepares once per connection. */
const SIZES = [1, 2, 4, 8, 16, 32] as const;

/** How many lookups share a round trip at most. */
export const MAX_BATCH = 32;

/** How many columns of ours come before those of the query: they prove what is answered. */
const PROOF_COLUMNS = 6;

/** How the player's id is compared if no column shows whose row it is. */
export const AS_BYTES = "CAST(? AS BINARY)";

/** What one session asks. Only this session knows its mark. */
export interface Statement {
  build(
    tag: string,
    queries: readonly (BalanceQuery | undefined)[],
  ): { readonly text: string; readonly parameters: unknown[] };
  read(rows: Rows, tag: string, queries: readonly BalanceQuery[]): readonly LaneAnswer[];
  /** Throws, with a message for the operator, if the query gives no balance. */
  assertColumns(columns: readonly Column[]): void;
}

interface StatementOptions {
  readonly query: Query;
  readonly idType: IdType;
  /** Whether the query gives the stored id, which is then compared as text. */
  readonly givesId: boolean;
  readonly judge: Judge;
  readonly rowReader: RowReader;
  /** The session's mark, and what to say of another session, which has neither it nor our settings. */
  readonly mark: { readonly value: string; readonly unlike: string } | undefined;
}

/**
 * Puts the operator's SELECT into parentheses, once for each lookup of a batch. Each lookup gets at least one row,
 * which carries the tag of the batch, its place, its id and the session's mark.
 */
export function lookupStatement(options: StatementOptions): Statement {
  const { query, idType, givesId, judge, rowReader, mark } = options;
  const uses: Parameter[] = [];
  const select = query.render((parameter) => {
    uses.push(parameter);
    return parameter === "session_id" ? "?" : comparedId(idType, givesId);
  });
  const one = `(SELECT CAST(? AS CHAR), CAST(? AS SIGNED), CAST(? AS CHAR), ${judge.verdict}, @klas_balance_mark, klas_balance_answer.*
FROM (SELECT 1) AS klas_balance_one LEFT JOIN (SELECT 1 AS klas_balance_found, klas_balance_query.* FROM (
${select}
) AS klas_balance_query LIMIT 2) AS klas_balance_answer ON TRUE)`;
  const texts = new Map<number, string>(
    SIZES.map((size) => [size, Array.from({ length: size }, () => one).join("\nUNION ALL\n")]),
  );

  return {
    build(tag, queries) {
      const size = SIZES.find((each) => each >= queries.length) ?? MAX_BATCH;
      const parameters = Array.from({ length: size }, (_, place) => {
        // A smaller batch is filled up with lookups for nobody.
        const asked = queries[place];
        const key = asked === undefined ? null : (playerKey(idType, asked.playerId) ?? null);
        const bound = { player_id: key, session_id: asked?.sessionId ?? null };
        return [tag, place, key, ...uses.map((parameter) => bound[parameter])];
      });
      return { text: texts.get(size) ?? one, parameters: parameters.flat() };
    },
    read({ rows, columns }, tag, queries) {
      const keys = queries.map(({ playerId }) => playerKey(idType, playerId));
      const proven = rows
        .map(([rowTag, place, key, said, rowMark, found, ...values]) => ({
          tag: rowTag,
          place: Number(place),
          key,
          unfit: mark === undefined || rowMark === mark.value ? judge.problemOf(said)?.message : mark.unlike,
          isFound: Number(found) === 1,
          values,
        }))
        .filter(({ place, key }) => place < queries.length || key !== null);
      return answersOf(proven, { tag, keys }, rowReader(columns.slice(PROOF_COLUMNS)));
    },
    assertColumns: (columns) => void rowReader(columns.slice(PROOF_COLUMNS)),
  };
}

/**
 * By most collations, the server takes `'Abc '` for `'abc'`. If the query gives the stored id, that is checked.
 * Otherwise bytes are compared, which is exact but slow, because no index of a text column helps.
 */
function comparedId(idType: IdType, givesId: boolean): string {
  if (idType === "bigint") return "CAST(? AS SIGNED)";
  return givesId ? "?" : AS_BYTES;
}
