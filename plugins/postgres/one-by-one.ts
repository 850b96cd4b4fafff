import type { BalanceQuery } from "../../src/plugin.ts";
import { playerKey } from "../shared/player-key.ts";
import { answersOf } from "../shared/query/answers.ts";
import type { Query } from "../shared/query/parameters.ts";
import type { Rows } from "../shared/query/row-reader.ts";
import {
  NOTHING,
  readStanding,
  standingStep,
  type Statement,
  type StatementOptions,
  type Step,
} from "./statement.ts";

/** Without it, nothing in such an answer says whom it is about. */
const NEEDS_ID =
  "`query` cannot be put into another one, so that it is asked as it stands, and then needs the stored id among its columns, as player_id";

/** Nothing but a SELECT is sent as it stands, whatever the server would make of it. */
const READS = /^(?:\s|--[^\n]*\n|\/\*.*?\*\/)*(?:select|with)\b/is;

/**
 * Asks the operator's query as it stands, if it cannot be put into parentheses: for one player after the other, in one
 * round trip. Before, between and after them the server gives back the tag, so an answer that is out of step with its
 * question shows. `undefined` if the query is not a SELECT.
 */
export function oneByOne(query: Query, { idType, role, rowReader }: StatementOptions): Statement | undefined {
  const text = query.render((parameter) => (parameter === "player_id" ? `$1::${idType}` : "$2::text"));
  if (!READS.test(text)) return undefined;
  const usesSession = query.uses.has("session_id");

  function asking(key: string | null, sessionId: string | null): Step {
    return { text, parameters: usesSession ? [key, sessionId] : [key] };
  }

  function keyOf({ playerId }: BalanceQuery): string | undefined {
    return playerKey(idType, playerId);
  }

  return {
    steps: (tag, queries) => [
      ...queries.flatMap((asked, place) => [
        standingStep(role, tagAt(tag, place)),
        asking(keyOf(asked) ?? null, asked.sessionId),
      ]),
      standingStep(role, tagAt(tag, queries.length)),
    ],
    probe: asking(null, null),
    read(answered, tag, queries) {
      const proofs = Array.from({ length: queries.length + 1 }, (_, place) =>
        readStanding(role, tagAt(tag, place), answered[2 * place] ?? NOTHING),
      );
      const unfit = proofs.find((each) => each.unfit !== undefined)?.unfit;
      return queries.flatMap((asked, place) => {
        const { rows, columns } = answered[2 * place + 1] ?? NOTHING;
        const key = keyOf(asked);
        const found = rows.map((values) => ({ tag, place: 0, key, unfit, isFound: true, values }));
        const proven = found.length > 0 ? found : [{ tag, place: 0, key, unfit, isFound: false, values: [] }];
        return answersOf(proven, { tag, keys: [key] }, rowReader(columns));
      });
    },
    assertColumns(columns) {
      rowReader(columns);
      if (!givesId(columns)) throw new Error(NEEDS_ID);
    },
  };
}

function tagAt(tag: string, place: number): string {
  return `${tag}/${place}`;
}

export function givesId(columns: Rows["columns"]): boolean {
  return columns.some(({ name }) => name.toLowerCase() === "player_id");
}
